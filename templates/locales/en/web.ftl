# Pages and feeds.

feed-description = Reports of events, by { $institute }.

web-skip = Skip to the content
web-archive = All reports
web-feeds = Feeds
web-feeds-help = An address for a feed reader: new reports arrive there by themselves.
web-all-feeds = All feeds, also by topic and as calendars
web-feeds-what = A feed is an address at which a program finds every new report: a feed reader, a mail program, a calendar. Nothing is asked of you, and nobody knows that you read it.
web-feeds-how = Copy the address of a link below into your program. Atom, RSS and JSON carry the reports; Calendar carries the dates of the events.
web-languages = Languages
web-calendar = Calendar
feed-browser = This is a feed. Copy the address of this page into a feed reader, and new reports arrive there by themselves.
web-reports = Reports
web-no-reports = No report has been published yet.
web-newsletters = Newsletters
web-edition = No. { $number }
web-older-editions = Older ones
web-pages = Pages
web-page = Page { $page } of { $pages }
web-newer = Newer reports
web-older = Older reports
web-published = Published { $date }
web-updated = Corrected { $date }
web-by = By { $author }
web-people = With
web-topics = Topics
web-translations = In other languages
web-related = Related
web-source = This report at { $host }
web-edition-of = { $list }, no. { $number }, { $date }
web-edition-withdrawn = A report of this edition has been withdrawn since, so the edition is no longer shown as it was sent. It carried:
web-withdrawn = A report that stood here has been withdrawn.

web-unsubscribe = Leave this newsletter?
web-unsubscribe-text = This ends “{ $list }” from { $institute } for { $address }.
web-unsubscribe-button = Leave “{ $list }”
web-unsubscribe-all = Leave all newsletters of { $institute }
web-unsubscribe-effect = It takes effect at once. You need not sign in or give a reason.
web-unsubscribed = You have left.
web-unsubscribed-text = No further mail of “{ $list }” will be sent to you.
web-unsubscribed-all-text = No further mail of any newsletter of { $institute } will be sent to you.
web-unsubscribed-feeds = The reports stay open to everyone in the archive and in the feeds.
web-test = This is a test mail’s link.
web-test-text = The mail you opened was a test. In a real one, this link leads to the page where its reader can leave the newsletter. Nothing was changed.

web-not-found = There is no such page.
web-not-found-text = The address may be mistyped or cut off. If it came from a mail, copy the whole link.
web-method = This page cannot do that.
web-method-text = Go to its address in a browser to see it.
web-gone = This report has been withdrawn.
web-gone-text = It is no longer published here.
web-unavailable = We cannot do this at the moment.
web-unavailable-text = Nothing was changed. Please try again in a few minutes.

web-decide-approve-text = It goes out at its hour once you approve it.
web-decide-hold-text = It does not go out before somebody releases it.
web-decide-approved = It is approved.
web-decide-held = It is held.
web-decide-late = Nothing was changed: somebody has decided about this edition meanwhile, it has gone out, or one of its reports was changed since it was sealed.
web-decide-due = Goes out
web-decide-people = People
web-decide-reports = Reports
web-decide-approve = Approve
web-decide-hold = Hold
