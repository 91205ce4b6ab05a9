# Pages et flux. Espaces insécables devant : ; ! ? et dans « ».

feed-description = Comptes rendus d’événements – { $institute }.

web-skip = Aller au contenu
web-archive = Tous les comptes rendus
web-feeds = Flux
web-feeds-help = Une adresse pour un lecteur de flux : les nouveaux comptes rendus y arrivent d’eux-mêmes.
web-all-feeds = Tous les flux, également par thème et sous forme de calendriers
web-feeds-what = Un flux est une adresse à laquelle un programme trouve chaque nouveau compte rendu : un lecteur de flux, un logiciel de messagerie, un calendrier. Rien ne vous est demandé, et personne ne sait que vous le lisez.
web-feeds-how = Copiez l’adresse de l’un des liens ci-dessous dans votre programme. Atom, RSS et JSON donnent les comptes rendus ; Calendrier donne les dates des événements.
web-languages = Langues
web-calendar = Calendrier
feed-browser = Ceci est un flux. Copiez l’adresse de cette page dans un lecteur de flux : les nouveaux comptes rendus y arriveront d’eux-mêmes.
web-reports = Comptes rendus
web-no-reports = Aucun compte rendu n’a encore été publié.
web-newsletters = Lettres d’information
web-edition = N° { $number }
web-older-editions = Numéros plus anciens
web-pages = Pages
web-page = Page { $page } sur { $pages }
web-newer = Comptes rendus plus récents
web-older = Comptes rendus plus anciens
web-published = Publié le { $date }
web-updated = Corrigé le { $date }
web-by = Par { $author }
web-people = Avec
web-topics = Thèmes
web-translations = Dans d’autres langues
web-related = Sur le même sujet
web-source = Ce compte rendu sur { $host }
web-edition-of = { $list }, n° { $number }, { $date }
web-edition-withdrawn = Un compte rendu de ce numéro a été retiré depuis ; le numéro n’est donc plus présenté tel qu’il a été envoyé. Il contenait :
web-withdrawn = Un compte rendu qui figurait ici a été retiré.

web-unsubscribe = Se désabonner de cette lettre d’information ?
web-unsubscribe-text = Cela met fin à l’envoi de « { $list } » ({ $institute }) à l’adresse { $address }.
web-unsubscribe-button = Se désabonner de « { $list } »
web-unsubscribe-all = Se désabonner de toutes les lettres d’information ({ $institute })
web-unsubscribe-effect = Le désabonnement prend effet immédiatement. Il n’est nécessaire ni de vous connecter ni d’indiquer un motif.
web-unsubscribed = Désabonnement effectué.
web-unsubscribed-text = Vous ne recevrez plus « { $list } ».
web-unsubscribed-all-text = Vous ne recevrez plus aucune lettre d’information ({ $institute }).
web-unsubscribed-feeds = Les comptes rendus restent accessibles à tous dans les archives et dans les flux.
web-test = Ceci est le lien d’un message de test.
web-test-text = Le message que vous avez ouvert était un test. Dans un vrai message, ce lien mène à la page où l’on peut se désabonner de la lettre d’information. Rien n’a été modifié.

web-not-found = Cette page n’existe pas.
web-not-found-text = L’adresse est peut-être mal saisie ou tronquée. Si elle provient d’un message, copiez le lien en entier.
web-method = Cette page ne permet pas cette opération.
web-method-text = Ouvrez son adresse dans un navigateur pour la consulter.
web-gone = Ce compte rendu a été retiré.
web-gone-text = Il n’est plus publié ici.
web-unavailable = Cette opération est impossible pour le moment.
web-unavailable-text = Rien n’a été modifié. Veuillez réessayer dans quelques minutes.

web-decide-approve-text = Il part à son heure dès que vous l’approuvez.
web-decide-hold-text = Il ne part pas avant que quelqu’un le libère.
web-decide-approved = Il est approuvé.
web-decide-held = Il est retenu.
web-decide-late = Rien n’a été changé : on a décidé de ce numéro entre-temps, il est déjà parti, ou l’un de ses comptes rendus a été modifié depuis qu’il est scellé.
web-decide-due = Départ
web-decide-people = Personnes
web-decide-reports = Comptes rendus
web-decide-approve = Approuver
web-decide-hold = Retenir
