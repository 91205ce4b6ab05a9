# Даты. Год указывается всегда; месяц пишется словом, в родительном падеже.

month-1 = января
month-2 = февраля
month-3 = марта
month-4 = апреля
month-5 = мая
month-6 = июня
month-7 = июля
month-8 = августа
month-9 = сентября
month-10 = октября
month-11 = ноября
month-12 = декабря

date-day = { $day } { $month } { $year } г.
date-days-of-one-month = { $from-day }–{ $to-day } { $to-month } { $year } г.
date-days-of-one-year = { $from-day } { $from-month } — { $to-day } { $to-month } { $year } г.
date-days = { $from } — { $to }
date-with-time = { $date }, { $time }

time = { $time }
time-range = { $from }–{ $to }
time-with-zone = { $when } ({ $zone })
