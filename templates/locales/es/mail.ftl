# El marco de un correo.

subject-more = { $title } y { $count ->
    [one] uno más
   *[other] { $count } más
}
subject-more-bare = { $title } y { $count ->
    [one] uno más
   *[other] { $count } más
}
subject-correction = Corrección: { $title }

upcoming = Próximamente
upcoming-text = Próximamente: { $event }
people = Con { $people }
people-more = { $people } y { $count ->
    [one] una persona más
   *[other] { $count } personas más
}
read-report = Leer el informe
read-more = Más información
contents = En este correo
group-rest = Otros informes
also = También
corrections = Correcciones
corrections-intro = Usted había recibido una versión anterior de lo siguiente.

why-default = Usted recibe este correo por su suscripción a «{ $list }».
leave = Darse de baja
leave-text = Darse de baja:
change = Cambiar lo que recibe
change-text = Cambiar lo que recibe:
view-in-browser = Ver en el navegador
view-in-browser-text = Ver en el navegador:
forwarded = ¿Le han reenviado este correo?
forwarded-subscribe = Suscribirse
forwarded-text = ¿Le han reenviado este correo? Suscríbase en

change-called-off = Cancelado: { $event }
change-moved = Ahora: { $event }

preview-waits = Este número espera una aprobación.
preview-goes = Este número sale por sí solo a su hora.
preview-approve = Aprobarlo
preview-hold = Retenerlo

# Lo que se dice al personal cuando algo se detiene por sí solo.
alert-edition-stopped = { $name } se ha detenido por sí sola
alert-edition-stopped-text = Rapporteur ha detenido la edición { $name }, porque demasiados de sus correos fueron rechazados definitivamente. Si continúa, lo hará donde se detuvo, y nadie la recibirá dos veces.
alert-approval-missing = { $name } espera una aprobación
alert-approval-missing-text = Ha llegado la hora de la edición { $name } y nadie la ha aprobado. Saldrá en cuanto alguien lo haga.
alert-domain-paused = { $name } no cree nuestros correos
alert-domain-paused-text = Los servidores de { $name } rechazan nuestros correos porque no reconocen que son nuestros. Se debe a nuestros registros SPF, DKIM o DMARC y no a las personas: no se ha dado de baja a nadie y sus correos esperan. Corrija los registros y después deje que el dominio continúe.
alert-relay-rests = El servidor { $name } no acepta correos
alert-relay-rests-text = El servidor { $name } falla. Se vuelve a intentar por sí solo, a intervalos crecientes, y no se pierde ningún correo.
alert-password-refused = El servidor { $name } rechaza nuestra contraseña
alert-password-refused-text = El servidor { $name } no acepta nuestra contraseña. No se vuelve a intentar hasta que haya otra: escríbala donde la lee la configuración y recargue el programa (SIGHUP). Si la contraseña era correcta, deje que el servidor continúe.
alert-complaints = Hay lectores que marcan { $name } como no deseado
alert-complaints-text = Más de uno de cada mil lectores ha dicho a su proveedor que { $name } no es deseado. Los correos de un remitente así acaban en la carpeta de no deseados. Pregúntense si estas personas querían la lista.
alert-edition-returned = Vuelven correos de { $name }
alert-edition-returned-text = Demasiados correos de la edición { $name } volvieron después de su envío. Un servidor que lo devuelve todo no dice nada de nadie, por lo que nadie queda suspendido por ello. Si esas direcciones de verdad no existen, mantengan los rechazos.
alert-since = Desde { $at }.
alert-why = Motivo: { $why }
alert-waiting = { $mails ->
    [0] No espera ningún correo.
    [one] Espera un correo.
   *[other] Esperan { $mails } correos.
}
alert-do = Qué hacer:
alert-over = Terminado: { $what }
alert-over-text = Desde { $at } todo vuelve a estar bien. Lo que esperaba sale por sí solo.

# Correos que responden a lo que alguien ha hecho. Nada de lo que se haya escrito figura en ellos.
confirm-subject = Por favor, confirme: correo de { $institute }
confirm-heading = Por favor, confirme
confirm-reminder = Todavía no ha confirmado. Este es el único recordatorio.
confirm-lead = Alguien, probablemente usted, ha pedido recibir correo en esta dirección ({ $institute }):
confirm-do = Si ha sido usted, confírmelo en la página a la que lleva este enlace.
confirm-button = Ir a la página
confirm-until = El enlace funciona una sola vez, durante { $hours } horas.
confirm-not = Si no ha sido usted, no haga nada. Sin confirmación no llegará ningún otro correo y la dirección se borrará.
known-subject = Ya está suscrito: correo de { $institute }
known-heading = Ya está suscrito
known-lead = Alguien, probablemente usted, ha pedido recibir correo en esta dirección ({ $institute }). Ya lo recibe:
known-do = No hay nada que confirmar.
known-link = Cambiar o terminar aquí
known-not = Si no ha sido usted, no haga nada. No se ha modificado nada.
welcome-subject = Le damos la bienvenida: { $list }
welcome-heading = Le damos la bienvenida
welcome-lead = Se ha suscrito a «{ $list }». El próximo correo llegará por sí solo en cuanto haya algo nuevo.
welcome-last = El último fue del { $date }:
welcome-open = Leerlo en el navegador

alert-signups = Un número inusual de personas quiere suscribirse
alert-signups-text = En una hora, más personas de lo habitual han pedido suscribirse. Puede que un programa esté escribiendo direcciones ajenas. Cada dirección recibe como mucho un correo al día, y rigen los límites de la configuración. Si es un ataque, cierre el formulario hasta que haya pasado; quienes han confirmado no notarán nada.
