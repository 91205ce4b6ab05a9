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
