# Le cadre d’un message. Espaces insécables devant : ; ! ? et dans « ».

subject-more = { $title } et { $count ->
    [one] un autre
   *[other] { $count } autres
}
subject-more-bare = { $title } et { $count ->
    [one] un autre
   *[other] { $count } autres
}
subject-correction = Rectificatif : { $title }

upcoming = À venir
upcoming-text = À venir : { $event }
people = Avec { $people }
people-more = { $people } et { $count ->
    [one] une autre personne
   *[other] { $count } autres personnes
}
read-report = Lire le compte rendu
read-more = En savoir plus
contents = Dans ce message
group-rest = Autres comptes rendus
also = Également
corrections = Rectificatifs
corrections-intro = Vous aviez reçu une version antérieure de ce qui suit.

why-default = Vous recevez ce message en raison de votre abonnement à « { $list } ».
leave = Se désabonner
leave-text = Se désabonner :
view-in-browser = Afficher dans le navigateur
view-in-browser-text = Afficher dans le navigateur :
forwarded = Ce message vous a été transféré ?
forwarded-subscribe = S’abonner
forwarded-text = Ce message vous a été transféré ? Pour s’abonner :

change-called-off = Annulé : { $event }
change-moved = Désormais : { $event }

preview-waits = Ce numéro attend une approbation.
preview-goes = Ce numéro part de lui-même à son heure.
preview-approve = L’approuver
preview-hold = Le retenir
