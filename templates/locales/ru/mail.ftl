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
