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
