# Dates. The year is always said; a month is a word.

month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

date-day = { $day } { $month } { $year }
date-days-of-one-month = { $from-day }–{ $to-day } { $to-month } { $year }
date-days-of-one-year = { $from-day } { $from-month } – { $to-day } { $to-month } { $year }
date-days = { $from } – { $to }
date-with-time = { $date }, { $time }

time = { $time }
time-range = { $from }–{ $to }
time-with-zone = { $when } ({ $zone })
