# Seiten und Feeds.

feed-description = Berichte über Veranstaltungen, von { $institute }.

web-skip = Zum Inhalt
web-archive = Alle Berichte
web-feeds = Feeds
web-feeds-help = Eine Adresse für einen Feedreader: Neue Berichte kommen dort von selbst an.
web-all-feeds = Alle Feeds, auch nach Themen und als Kalender
web-feeds-what = Ein Feed ist eine Adresse, unter der ein Programm jeden neuen Bericht findet: ein Feedreader, ein Mailprogramm, ein Kalender. Sie müssen nichts angeben, und niemand erfährt, dass Sie ihn lesen.
web-feeds-how = Kopieren Sie die Adresse eines der Links in Ihr Programm. Atom, RSS und JSON bringen die Berichte, der Kalender die Termine der Veranstaltungen.
web-languages = Sprachen
web-calendar = Kalender
feed-browser = Das ist ein Feed. Kopieren Sie die Adresse dieser Seite in einen Feedreader: Neue Berichte kommen dort von selbst an.
web-reports = Berichte
web-no-reports = Noch ist kein Bericht erschienen.
web-newsletters = Newsletter
web-edition = Nr. { $number }
web-older-editions = Ältere
web-pages = Seiten
web-page = Seite { $page } von { $pages }
web-newer = Neuere Berichte
web-older = Ältere Berichte
web-published = Veröffentlicht am { $date }
web-updated = Berichtigt am { $date }
web-by = Von { $author }
web-people = Mit
web-topics = Themen
web-translations = In anderen Sprachen
web-related = Verwandtes
web-source = Dieser Bericht bei { $host }
web-edition-of = { $list }, Nr. { $number }, { $date }
web-edition-withdrawn = Ein Bericht dieser Ausgabe wurde inzwischen zurückgezogen, daher ist sie nicht mehr so zu sehen, wie sie verschickt wurde. Sie enthielt:
web-withdrawn = Ein Bericht, der hier stand, wurde zurückgezogen.

web-unsubscribe = Diesen Newsletter abbestellen?
web-unsubscribe-text = Damit endet „{ $list }“ von { $institute } für { $address }.
web-unsubscribe-button = „{ $list }“ abbestellen
web-unsubscribe-all = Alle Newsletter von { $institute } abbestellen
web-unsubscribe-effect = Es gilt sofort. Eine Anmeldung oder ein Grund ist nicht nötig.
web-unsubscribed = Abbestellt.
web-unsubscribed-text = „{ $list }“ wird Ihnen nicht mehr geschickt.
web-unsubscribed-all-text = Kein Newsletter von { $institute } wird Ihnen mehr geschickt.
web-unsubscribed-feeds = Die Berichte bleiben für alle offen, im Archiv und in den Feeds.
web-test = Das ist der Link einer Testmail.
web-test-text = Die Mail, die Sie geöffnet haben, war ein Test. In einer echten Mail führt dieser Link zu der Seite, auf der man den Newsletter abbestellen kann. Es wurde nichts geändert.

web-not-found = Diese Seite gibt es nicht.
web-not-found-text = Vielleicht ist die Adresse vertippt oder abgeschnitten. Wenn sie aus einer Mail stammt, kopieren Sie den ganzen Link.
web-method = Das kann diese Seite nicht.
web-method-text = Öffnen Sie ihre Adresse in einem Browser, um sie zu sehen.
web-gone = Dieser Bericht wurde zurückgezogen.
web-gone-text = Er wird hier nicht mehr veröffentlicht.
web-unavailable = Das geht im Augenblick nicht.
web-unavailable-text = Es wurde nichts geändert. Bitte versuchen Sie es in ein paar Minuten noch einmal.

web-decide-approve-text = Sie geht zu ihrer Stunde hinaus, sobald Sie sie freigeben.
web-decide-hold-text = Sie geht nicht hinaus, bevor jemand sie wieder freigibt.
web-decide-approved = Sie ist freigegeben.
web-decide-held = Sie ist angehalten.
web-decide-late = Es wurde nichts geändert: Über diese Ausgabe ist inzwischen entschieden, sie ist schon hinausgegangen, oder einer ihrer Berichte wurde seit dem Versiegeln geändert.
web-decide-due = Geht hinaus
web-decide-people = Menschen
web-decide-reports = Berichte
web-decide-approve = Freigeben
web-decide-hold = Anhalten
