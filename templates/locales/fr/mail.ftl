# Le cadre d’un message. Espaces insécables devant : ; ! ? et dans « ».

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
change = Modifier ce que vous recevez
change-text = Modifier ce que vous recevez :
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

# Ce que l’équipe apprend quand quelque chose s’arrête de lui-même.
alert-edition-stopped = { $name } s’est arrêtée d’elle-même
alert-edition-stopped-text = Rapporteur a arrêté l’édition { $name }, car trop de ses messages ont été refusés définitivement. Si elle reprend, ce sera là où elle s’est arrêtée, et personne ne la recevra deux fois.
alert-approval-missing = { $name } attend une approbation
alert-approval-missing-text = L’heure de l’édition { $name } est venue et personne ne l’a approuvée. Elle partira dès que quelqu’un le fera.
alert-domain-paused = { $name } ne croit pas nos messages
alert-domain-paused-text = Les serveurs de { $name } refusent nos messages, car ils ne reconnaissent pas qu’ils viennent de nous. Cela tient à nos enregistrements SPF, DKIM ou DMARC et non aux personnes : personne n’a été retiré, leurs messages attendent. Corrigez les enregistrements, puis laissez le domaine reprendre.
alert-relay-rests = Le relais { $name } n’accepte aucun message
alert-relay-rests-text = Le relais { $name } ne fonctionne pas. Il est réessayé de lui-même, à intervalles croissants, et aucun message n’est perdu.
alert-password-refused = Le relais { $name } refuse notre mot de passe
alert-password-refused-text = Le relais { $name } n’accepte pas notre mot de passe. Il ne sera réessayé que lorsqu’il y en aura un autre : écrivez-le là où la configuration le lit et rechargez le programme (SIGHUP). Si le mot de passe était juste, laissez le relais reprendre.
alert-complaints = Des lecteurs signalent { $name } comme indésirable
alert-complaints-text = Plus d’un lecteur sur mille a signalé { $name } à son fournisseur comme indésirable. Les messages d’un tel expéditeur finissent parmi les indésirables. Demandez-vous si ces personnes voulaient la liste.
alert-edition-returned = Des messages de { $name } reviennent
alert-edition-returned-text = Trop de messages de l’édition { $name } sont revenus après son envoi. Un relais qui renvoie tout ne dit rien de personne : personne n’est donc suspendu pour cela. Si ces adresses sont vraiment mortes, maintenez les refus.
alert-since = Depuis { $at }.
alert-why = Raison : { $why }
alert-waiting = { $mails ->
    [0] Aucun message n’attend.
    [one] Un message attend.
   *[other] { $mails } messages attendent.
}
alert-do = Que faire :
alert-over = Terminé : { $what }
alert-over-text = Depuis { $at }, tout va bien de nouveau. Ce qui attendait part de lui-même.

# Messages qui répondent à ce qu’une personne a fait. Rien de ce qui a été saisi n’y figure.
confirm-subject = Veuillez confirmer : messages de { $institute }
confirm-heading = Veuillez confirmer
confirm-reminder = Vous n’avez pas encore confirmé. Ceci est l’unique rappel.
confirm-lead = Quelqu’un, sans doute vous, a demandé à recevoir des messages à cette adresse ({ $institute }) :
confirm-do = Si c’était vous, confirmez-le sur la page à laquelle mène ce lien.
confirm-button = Ouvrir la page
confirm-until = Le lien fonctionne une seule fois, pendant { $hours } heures.
confirm-not = Si ce n’était pas vous, ne faites rien. Sans confirmation, aucun autre message ne suivra et l’adresse sera supprimée.
known-subject = Vous êtes déjà abonné·e : messages de { $institute }
known-heading = Vous êtes déjà abonné·e
known-lead = Quelqu’un, sans doute vous, a demandé à recevoir des messages à cette adresse ({ $institute }). Ils y arrivent déjà :
known-do = Il n’y a rien à confirmer.
known-link = Modifier ou résilier ici
known-not = Si ce n’était pas vous, ne faites rien. Rien n’a été modifié.
welcome-subject = Bienvenue : { $list }
welcome-heading = Bienvenue
welcome-lead = Vous êtes abonné·e à « { $list } ». Le prochain message arrivera de lui-même dès qu’il y aura du nouveau.
welcome-last = Le dernier date du { $date } :
welcome-open = Le lire dans le navigateur

alert-signups = Un nombre inhabituel de personnes veut s’abonner
alert-signups-text = En une heure, plus de personnes que d’habitude ont demandé à s’abonner. Il se peut qu’un programme saisisse les adresses d’autrui. Chaque adresse reçoit au plus un message par jour, et les limites de la configuration s’appliquent. S’il s’agit d’une attaque, fermez le formulaire jusqu’à ce qu’elle soit passée ; les personnes qui ont confirmé ne remarqueront rien.
