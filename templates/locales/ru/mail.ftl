# Рамка письма.

subject-more = { $title } и ещё { $count ->
    [one] { $count } материал
    [few] { $count } материала
    [many] { $count } материалов
   *[other] { $count } материала
}
subject-more-bare = { $title } и ещё { $count ->
    [one] { $count } материал
    [few] { $count } материала
    [many] { $count } материалов
   *[other] { $count } материала
}
subject-correction = Исправление: { $title }

upcoming = Анонс
upcoming-text = Анонс: { $event }
people = Участники: { $people }
people-more = { $people } и ещё { $count ->
    [one] { $count } человек
    [few] { $count } человека
    [many] { $count } человек
   *[other] { $count } человека
}
read-report = Читать отчёт
read-more = Подробнее
contents = В этом письме
group-rest = Другие отчёты
also = Также
corrections = Исправления
corrections-intro = Вы уже получали предыдущую версию этих материалов.

why-default = Вы получаете это письмо, потому что подписаны на рассылку «{ $list }».
leave = Отписаться
leave-text = Отписаться:
view-in-browser = Открыть в браузере
view-in-browser-text = Открыть в браузере:
forwarded = Вам переслали это письмо?
forwarded-subscribe = Подписаться
forwarded-text = Вам переслали это письмо? Подписаться:

change-called-off = Отменено: { $event }
change-moved = Теперь: { $event }

preview-waits = Этот выпуск ждёт одобрения.
preview-goes = Этот выпуск уйдёт в свой час сам.
preview-approve = Одобрить
preview-hold = Задержать

# Что узнают сотрудники, когда что-то остановилось само.
alert-edition-stopped = Выпуск { $name } остановился сам
alert-edition-stopped-text = Rapporteur остановил выпуск { $name }, потому что слишком много писем было отвергнуто окончательно. Если он продолжится, то с того места, где остановился, и никто не получит его дважды.
alert-approval-missing = Выпуск { $name } ждёт одобрения
alert-approval-missing-text = Час выпуска { $name } настал, а его никто не одобрил. Он выйдет, как только кто-нибудь это сделает.
alert-domain-paused = { $name } не верит нашим письмам
alert-domain-paused-text = Почтовые серверы { $name } отвергают наши письма, потому что не могут узнать, что они от нас. Дело в наших записях SPF, DKIM или DMARC, а не в людях: никто не исключён, их письма ждут. Исправьте записи и затем разрешите домену продолжать.
alert-relay-rests = Сервер { $name } не принимает писем
alert-relay-rests-text = Сервер { $name } не работает. Попытки повторяются сами через растущие промежутки, ни одно письмо не теряется.
alert-password-refused = Сервер { $name } не принимает наш пароль
alert-password-refused-text = Сервер { $name } не принимает наш пароль. Новой попытки не будет, пока нет другого: запишите его туда, откуда его читает конфигурация, и перезагрузите программу (SIGHUP). Если пароль был верным, разрешите серверу продолжать.
alert-complaints = Читатели жалуются на { $name }
alert-complaints-text = Больше одного из тысячи получателей { $name } сообщили своей почте, что это спам. Письма такого отправителя попадают в папку спама. Подумайте, хотели ли эти люди получать рассылку.
alert-since = С { $at }.
alert-why = Причина: { $why }
alert-waiting = { $mails ->
    [0] Ни одно письмо не ждёт.
    [one] Ждёт { $mails } письмо.
    [few] Ждут { $mails } письма.
   *[other] Ждут { $mails } писем.
}
alert-do = Что делать:
alert-over = Закончилось: { $what }
alert-over-text = С { $at } всё снова в порядке. Что ждало, уходит само.
