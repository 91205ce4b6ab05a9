# Der Rahmen einer Mail.

subject-more = { $title } und { $count ->
    [one] ein weiterer
   *[other] { $count } weitere
}
subject-more-bare = { $title } und { $count ->
    [one] ein weiterer
   *[other] { $count } weitere
}
subject-correction = Korrektur: { $title }

upcoming = Demnächst
upcoming-text = Demnächst: { $event }
people = Mit { $people }
people-more = { $people } und { $count ->
    [one] einer weiteren Person
   *[other] { $count } weiteren
}
read-report = Zum Bericht
read-more = Einzelheiten
contents = In dieser Mail
group-rest = Weitere Berichte
also = Außerdem
corrections = Korrekturen
corrections-intro = Sie hatten eine frühere Fassung erhalten.

why-default = Sie erhalten diese Mail, weil Sie „{ $list }“ abonniert haben.
leave = Abbestellen
leave-text = Abbestellen:
change = Ändern, was Sie bekommen
change-text = Ändern, was Sie bekommen:
view-in-browser = Im Browser ansehen
view-in-browser-text = Im Browser ansehen:
forwarded = Weitergeleitet bekommen?
forwarded-subscribe = Hier abonnieren
forwarded-text = Weitergeleitet bekommen? Abonnieren unter

change-called-off = Fällt aus: { $event }
change-moved = Jetzt: { $event }

preview-waits = Diese Ausgabe wartet auf eine Freigabe.
preview-goes = Diese Ausgabe geht zu ihrer Stunde von selbst hinaus.
preview-approve = Freigeben
preview-hold = Anhalten

# Was das Personal erfährt, wenn etwas von selbst anhält.
alert-edition-stopped = { $name } hat von selbst angehalten
alert-edition-stopped-text = Rapporteur hat die Ausgabe { $name } angehalten, weil zu viele ihrer Mails endgültig abgelehnt wurden. Wenn sie weitergeht, dann dort, wo sie stehen blieb, und niemand bekommt sie zweimal.
alert-approval-missing = { $name } wartet auf eine Freigabe
alert-approval-missing-text = Die Stunde der Ausgabe { $name } ist gekommen, und niemand hat sie freigegeben. Sie geht hinaus, sobald jemand es tut.
alert-domain-paused = { $name } glaubt unseren Mails nicht
alert-domain-paused-text = Die Mailserver von { $name } lehnen unsere Mails ab, weil sie nicht erkennen, dass sie von uns sind. Das liegt an unseren Einträgen für SPF, DKIM oder DMARC und nicht an den Menschen dort: Niemand wurde gestrichen, ihre Mails warten. Bringen Sie die Einträge in Ordnung und lassen Sie die Domain dann weitergehen.
alert-relay-rests = Das Relay { $name } nimmt keine Mails an
alert-relay-rests-text = Das Relay { $name } versagt. Es wird in wachsenden Abständen von selbst wieder versucht, und keine Mail geht verloren.
alert-password-refused = Das Relay { $name } lehnt unser Passwort ab
alert-password-refused-text = Das Relay { $name } nimmt unser Passwort nicht an. Es wird erst wieder versucht, wenn es ein anderes gibt: Schreiben Sie es dorthin, wo die Konfiguration es liest, und laden Sie das Programm neu (SIGHUP). War das Passwort richtig, lassen Sie das Relay weitergehen.
alert-complaints = Leserinnen und Leser melden { $name } als unerwünscht
alert-complaints-text = Mehr als jeder Tausendste, der { $name } bekam, hat die Mail bei seinem Anbieter als unerwünscht gemeldet. Mails solcher Absender landen im Spam-Ordner. Fragen Sie sich, ob diese Menschen die Liste wollten.
alert-edition-returned = Mails von { $name } kommen zurück
alert-edition-returned-text = Zu viele Mails der Ausgabe { $name } kamen zurück, nachdem sie hinausgegangen war. Ein Relay, das alles zurückschickt, sagt über niemanden etwas; darum wird deswegen niemand gesperrt. Sind diese Adressen wirklich tot, lassen Sie die Ablehnungen gelten.
alert-since = Seit { $at }.
alert-why = Grund: { $why }
alert-waiting = { $mails ->
    [0] Keine Mail wartet.
    [one] Eine Mail wartet.
   *[other] { $mails } Mails warten.
}
alert-do = Was zu tun ist:
alert-over = Vorbei: { $what }
alert-over-text = Seit { $at } ist alles wieder in Ordnung. Was gewartet hat, geht von selbst hinaus.

# Mails, die auf etwas antworten, was jemand getan hat. Nichts Eingetipptes steht darin.
confirm-subject = Bitte bestätigen: Post von { $institute }
confirm-heading = Bitte bestätigen
confirm-reminder = Sie haben noch nicht bestätigt. Dies ist die einzige Erinnerung.
confirm-lead = Jemand, vermutlich Sie, hat an diese Adresse Post bestellt ({ $institute }):
confirm-do = Wenn Sie es waren, bestätigen Sie es auf der Seite hinter diesem Link.
confirm-button = Zur Seite
confirm-until = Der Link gilt einmal und { $hours } Stunden lang.
confirm-not = Wenn Sie es nicht waren, brauchen Sie nichts zu tun. Ohne Bestätigung kommt keine weitere Mail, und die Adresse wird gelöscht.
known-subject = Sie haben schon abonniert: Post von { $institute }
known-heading = Sie haben schon abonniert
known-lead = Jemand, vermutlich Sie, hat an diese Adresse Post bestellt ({ $institute }). Sie kommt bereits:
known-do = Zu bestätigen ist nichts.
known-link = Hier ändern oder beenden
known-not = Wenn Sie es nicht waren, brauchen Sie nichts zu tun. Es wurde nichts geändert.
welcome-subject = Willkommen: { $list }
welcome-heading = Willkommen
welcome-lead = Sie haben „{ $list }“ abonniert. Die nächste Mail kommt von selbst, sobald es etwas Neues gibt.
welcome-last = Die letzte war vom { $date }:
welcome-open = Im Browser lesen

alert-signups = Ungewöhnlich viele wollen abonnieren
alert-signups-text = Mehr Menschen als sonst haben innerhalb einer Stunde um ein Abonnement gebeten. Vielleicht tippt ein Programm die Adressen anderer ein. Jede Adresse bekommt höchstens eine Mail am Tag, und die Grenzen der Konfiguration gelten. Wenn es ein Angriff ist, schließen Sie das Formular, bis er vorüber ist; wer bestätigt hat, merkt davon nichts.
