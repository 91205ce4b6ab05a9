# Daten. Das Jahr steht immer dabei; der Monat ist ein Wort.

month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

date-day = { $day }. { $month } { $year }
date-days-of-one-month = { $from-day }.–{ $to-day }. { $to-month } { $year }
date-days-of-one-year = { $from-day }. { $from-month } – { $to-day }. { $to-month } { $year }
date-days = { $from } – { $to }
date-with-time = { $date }, { $time }

time = { $time } Uhr
time-range = { $from }–{ $to } Uhr
time-with-zone = { $when } ({ $zone })
