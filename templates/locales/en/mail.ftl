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
