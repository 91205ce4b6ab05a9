# The frame of a digest.

subject-more = { $title }, and { $count } more
subject-more-bare = { $title } and { $count } more
subject-correction = Correction: { $title }

upcoming = Upcoming
upcoming-text = Upcoming: { $event }
people = With { $people }
people-more = { $people } and { $count ->
    [one] one other
   *[other] { $count } others
}
read-report = Read the report
read-more = Details
contents = In this mail
group-rest = Further reports
also = Also
corrections = Corrections
corrections-intro = You had an earlier version of the following.

why-default = You get this mail because you are subscribed to “{ $list }”.
leave = Unsubscribe
leave-text = Unsubscribe:
change = Change what you get
change-text = Change what you get:
view-in-browser = View in browser
view-in-browser-text = View in browser:
forwarded = Forwarded to you?
forwarded-subscribe = Subscribe here
forwarded-text = Forwarded to you? Subscribe at

change-called-off = Called off: { $event }
change-moved = Now: { $event }

preview-waits = This edition waits for an approval.
preview-goes = This edition goes out at its hour by itself.
preview-approve = Approve it
preview-hold = Hold it

# What staff are told when something stops by itself.
alert-edition-stopped = { $name } has stopped by itself
alert-edition-stopped-text = Rapporteur has stopped the edition { $name }, because too many of its mails were refused for good. If it goes on, it does so where it stopped, and nobody gets it twice.
alert-approval-missing = { $name } waits for an approval
alert-approval-missing-text = The hour of the edition { $name } has come, and nobody has approved it. It goes out as soon as somebody does.
alert-domain-paused = { $name } does not believe our mails
alert-domain-paused-text = The mail servers of { $name } refuse our mails because they cannot tell that they are ours. That is a matter of our SPF, DKIM or DMARC records and no fault of the people there: nobody was taken off, and their mails wait. Put the records right, then let the domain go on.
alert-relay-rests = The relay { $name } takes no mail
alert-relay-rests-text = The relay { $name } fails. It is tried again by itself, at growing intervals, and no mail is lost.
alert-password-refused = The relay { $name } refuses our password
alert-password-refused-text = The relay { $name } does not take our password. It is not tried again before there is another one: write it where the configuration reads it and reload the program (SIGHUP). If the password was right, let the relay go on.
alert-complaints = Readers call { $name } unwanted
alert-complaints-text = More readers of { $name } than one in a thousand have told their mail provider that it is unwanted. Providers send the mails of such a sender into the spam folder. Ask yourselves whether these people wanted the list.
alert-edition-returned = Mails of { $name } come back
alert-edition-returned-text = Too many mails of the edition { $name } came back after it had gone out. A relay that sends everything back says nothing about anybody, so that nobody is suspended for it. If these addresses really are dead, let the refusals stand.
alert-since = Since { $at }.
alert-why = Reason: { $why }
alert-waiting = { $mails ->
    [0] No mail waits.
    [one] One mail waits.
   *[other] { $mails } mails wait.
}
alert-do = What to do:
alert-over = Over: { $what }
alert-over-text = Since { $at } all is well again. What waited goes out by itself.

# Mails that answer what a person did. Nothing that anybody typed stands in them.
confirm-subject = Please confirm: mail from { $institute }
confirm-heading = Please confirm
confirm-reminder = You have not confirmed yet. This is the only reminder.
confirm-lead = Somebody, probably you, asked for mail from { $institute } at this address:
confirm-do = If it was you, confirm on the page behind this link.
confirm-button = Go to the page
confirm-until = The link works once, within { $hours } hours.
confirm-not = If it was not you, do nothing. Without a confirmation no further mail comes, and the address is deleted.
known-subject = You are subscribed: mail from { $institute }
known-heading = You are subscribed
known-lead = Somebody, probably you, asked for mail from { $institute } at this address. It comes already:
known-do = There is nothing to confirm.
known-link = Change or end it here
known-not = If it was not you, do nothing. Nothing was changed.
welcome-subject = Welcome: { $list }
welcome-heading = Welcome
welcome-lead = You are subscribed to “{ $list }”. The next mail comes by itself as soon as there is something new.
welcome-last = The last one was of { $date }:
welcome-open = Read it in the browser

alert-signups = Unusually many people want to join
alert-signups-text = More people than usual have asked to join within an hour. It may be a program that types the addresses of others. Each address gets one mail at most in a day, and the limits of the configuration hold. If it is an attack, close the form until it is over; people who have confirmed notice nothing.
