# Dates. L’année est toujours indiquée ; le mois est un mot.

month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

date-day = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year }
date-days-of-one-month = { $from-day ->
    [1] 1er
   *[other] { $from-day }
}–{ $to-day } { $to-month } { $year }
date-days-of-one-year = { $from-day ->
    [1] 1er
   *[other] { $from-day }
} { $from-month } – { $to-day ->
    [1] 1er
   *[other] { $to-day }
} { $to-month } { $year }
date-days = { $from } – { $to }
date-with-time = { $date }, { $time }

time = { $time }
time-range = { $from }–{ $to }
time-with-zone = { $when } ({ $zone })
