# Páginas y canales.

feed-description = Informes de eventos – { $institute }.

web-skip = Ir al contenido
web-archive = Todos los informes
web-feeds = Canales
web-feeds-help = Una dirección para un lector de canales: los nuevos informes llegan allí por sí solos.
web-all-feeds = Todos los canales, también por temas y como calendarios
web-feeds-what = Un canal es una dirección en la que un programa encuentra cada nuevo informe: un lector de canales, un programa de correo, un calendario. No se le pide ningún dato, y nadie sabe que usted lo lee.
web-feeds-how = Copie en su programa la dirección de uno de los enlaces siguientes. Atom, RSS y JSON ofrecen los informes; Calendario ofrece las fechas de los eventos.
web-languages = Idiomas
web-calendar = Calendario
feed-browser = Esto es un canal. Copie la dirección de esta página en un lector de canales: los nuevos informes llegarán allí por sí solos.
web-reports = Informes
web-no-reports = Todavía no se ha publicado ningún informe.
web-newsletters = Boletines
web-edition = N.º { $number }
web-older-editions = Números anteriores
web-pages = Páginas
web-page = Página { $page } de { $pages }
web-newer = Informes más recientes
web-older = Informes anteriores
web-published = Publicado el { $date }
web-updated = Corregido el { $date }
web-by = Por { $author }
web-people = Con
web-topics = Temas
web-translations = En otros idiomas
web-related = Relacionado
web-source = Este informe en { $host }
web-edition-of = { $list }, n.º { $number }, { $date }
web-edition-withdrawn = Desde entonces se ha retirado un informe de este número, por lo que ya no se muestra tal como se envió. Contenía:
web-withdrawn = Un informe que figuraba aquí ha sido retirado.

web-unsubscribe = ¿Darse de baja de este boletín?
web-unsubscribe-text = Con ello termina el envío de «{ $list }», de { $institute }, a { $address }.
web-unsubscribe-button = Darse de baja de «{ $list }»
web-unsubscribe-all = Darse de baja de todos los boletines de { $institute }
web-unsubscribe-effect = La baja tiene efecto inmediato. No es necesario iniciar sesión ni indicar un motivo.
web-unsubscribed = Se ha dado de baja.
web-unsubscribed-text = No recibirá más correos de «{ $list }».
web-unsubscribed-all-text = No recibirá más correos de ningún boletín de { $institute }.
web-unsubscribed-feeds = Los informes siguen abiertos a todo el mundo en el archivo y en los canales.
web-test = Este es el enlace de un correo de prueba.
web-test-text = El correo que ha abierto era una prueba. En un correo real, este enlace lleva a la página en la que cada lector puede darse de baja del boletín. No se ha modificado nada.

web-not-found = Esta página no existe.
web-not-found-text = Es posible que la dirección esté mal escrita o incompleta. Si procede de un correo, copie el enlace completo.
web-method = Esta página no permite esa operación.
web-method-text = Abra su dirección en un navegador para verla.
web-gone = Este informe ha sido retirado.
web-gone-text = Ya no se publica aquí.
web-unavailable = Esta operación no es posible en este momento.
web-unavailable-text = No se ha modificado nada. Vuelva a intentarlo dentro de unos minutos.

web-decide-approve-text = Sale a su hora en cuanto usted lo apruebe.
web-decide-hold-text = No sale hasta que alguien lo libere.
web-decide-approved = Está aprobado.
web-decide-held = Está retenido.
web-decide-late = No se cambió nada: entretanto alguien decidió sobre este número, ya salió, o uno de sus informes cambió desde que fue sellado.
web-decide-due = Sale
web-decide-people = Personas
web-decide-reports = Informes
web-decide-approve = Aprobar
web-decide-hold = Retener
