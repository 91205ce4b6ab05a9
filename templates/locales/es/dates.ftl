# Fechas. El año se dice siempre; el mes es una palabra.

month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre

date-day = { $day } de { $month } de { $year }
date-days-of-one-month = { $from-day }–{ $to-day } de { $to-month } de { $year }
date-days-of-one-year = { $from-day } de { $from-month } – { $to-day } de { $to-month } de { $year }
date-days = { $from } – { $to }
date-with-time = { $date }, { $time }

time = { $time } h
time-range = { $from }–{ $to } h
time-with-zone = { $when } ({ $zone })
