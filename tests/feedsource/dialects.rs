//! Every dialect says the same things in its own way.

use super::*;

/// The whole of what is read from the feeds of the fixtures, to look at in one place.
#[test]
fn feeds_of_every_dialect_are_read_in_full() {
    let mut seen = String::new();
    for (name, bytes) in fixtures() {
        let answer = match read(&bytes, None, &base()) {
            Ok(feed) => serde_json::to_string_pretty(&feed).unwrap(),
            Err(problem) => problem.to_string(),
        };
        seen += &format!("=== {name}\n{answer}\n");
    }
    insta::assert_snapshot!("feeds_of_every_dialect", seen);
}

#[test]
fn a_feed_of_an_unknown_version_is_read_like_one_of_a_known() {
    for version in ["", r#" version="3.14""#, r#" version="0.94""#, r#" version="2""#] {
        let feed = feed(&format!(
            "<rss{version}><channel><item><guid>a</guid></item></channel></rss>"
        ));
        assert_eq!(keys(&feed), ["a"], "{version}");
    }
}

#[test]
fn the_full_text_is_taken_before_the_summary_wherever_it_stands() {
    let full = r#"<content:encoded>&lt;p&gt;full&lt;/p&gt;</content:encoded>"#;
    for inner in [
        format!("<description>short</description>{full}"),
        format!("{full}<description>short</description>"),
    ] {
        let item = item(&inner);
        assert_eq!(item.html.as_deref(), Some("<p>full</p>"));
        assert!(!item.is_summary);
    }
}

#[test]
fn an_empty_full_text_does_not_hide_the_summary() {
    let item = item("<content:encoded> </content:encoded><description>short</description>");
    assert_eq!(item.html.as_deref(), Some("short"));
    assert!(item.is_summary);
}

#[test]
fn a_text_that_breaks_off_is_a_summary_and_a_long_description_is_not() {
    let is_summary = |html: &str| item(&format!("<content:encoded><![CDATA[{html}]]></content:encoded>")).is_summary;
    assert!(is_summary("<p>It began […]</p>"));
    assert!(is_summary("<p>It began</p><p><a href='/x'>Read more »</a></p>"));
    assert!(is_summary("<p>Es begann <a href='/x'>Weiterlesen</a></p>"));
    assert!(is_summary("<p>Это началось <a href='/x'>Читать далее →</a></p>"));
    assert!(!is_summary("<p>It began and it ended.</p>"));
    assert!(!is_summary("<p>They want more water</p>"));
    let long = "All that was said. ".repeat(100);
    assert!(!item(&format!("<description>{long}</description>")).is_summary);
    assert!(item("<description>All that was said.</description>").is_summary);
}

#[test]
fn a_guid_is_the_link_of_an_item_that_has_no_other() {
    assert_eq!(
        item("<guid>https://site.example/1</guid>").link.as_deref(),
        Some("https://site.example/1")
    );
    assert_eq!(
        item(r#"<guid isPermaLink="false">https://site.example/1</guid>"#).link,
        None
    );
    assert_eq!(item("<guid>412</guid>").link, None);
}

#[test]
fn links_are_absolute_and_lead_into_the_web_only() {
    let link = |link: &str| item(&format!("<guid>a</guid><link>{link}</link>")).link;
    assert_eq!(link("/a b").as_deref(), Some("https://site.example/a%20b"));
    assert_eq!(link("next").as_deref(), Some("https://site.example/news/next"));
    assert_eq!(
        link("\n https://other.example/ \n").as_deref(),
        Some("https://other.example/")
    );
    for unsafe_link in [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://",
    ] {
        assert_eq!(link(unsafe_link), None, "{unsafe_link}");
    }
    let file =
        r#"<enclosure url="javascript:alert(1)" type="audio/mpeg"/><media:thumbnail url="data:image/png;base64,AA"/>"#;
    assert_eq!((item(file).enclosures, item(file).image), (vec![], None));
}

#[test]
fn a_date_that_cannot_be_is_left_out_and_one_in_the_future_is_kept() {
    let published = |date: &str| {
        let item = item(&format!("<pubDate>{date}</pubDate>"));
        item.published.map(|instant| instant.to_rfc3339())
    };
    assert_eq!(
        published("Tue, 10 Mar 2126 08:00:00 GMT").as_deref(),
        Some("2126-03-10T08:00:00+00:00")
    );
    assert_eq!(published("10 Mar 2326 08:00:00 GMT"), None);
    assert_eq!(published("1726-03-10"), None);
    assert_eq!(published("yesterday"), None);
    assert_eq!(published(""), None);
}

#[test]
fn a_feed_may_ask_for_rest_but_not_to_be_forgotten() {
    let asks = |head: &str| feed(&format!("<rss><channel>{head}</channel></rss>"));
    let minutes = |minutes| Some(std::time::Duration::from_mins(minutes));
    assert_eq!(asks("<ttl>60</ttl>").fresh_for, minutes(60));
    assert_eq!(asks("<ttl>4000000000</ttl>").fresh_for, minutes(7 * 24 * 60));
    assert_eq!(asks("<ttl>soon</ttl>").fresh_for, None);
    let daily = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>";
    assert_eq!(asks(daily).fresh_for, minutes(6 * 60));
    let all: String = (0..24).map(|hour| format!("<hour>{hour}</hour>")).collect();
    assert!(asks(&format!("<skipHours>{all}</skipHours>")).skip_hours.is_empty());
}

#[test]
fn authors_are_named_without_their_mail_addresses() {
    let author = |inner: &str| item(inner).author;
    assert_eq!(
        author("<author>ada@site.example (Ada Byron)</author>").as_deref(),
        Some("Ada Byron")
    );
    assert_eq!(author("<author>ada@site.example</author>"), None);
    // The quotation marks are more than one byte long, which a careless cut would panic at.
    assert_eq!(
        author("<dc:creator>Ада «ada@site.example»</dc:creator>").as_deref(),
        Some("Ада")
    );
    assert_eq!(
        author("<dc:creator>Ada</dc:creator><dc:creator>Bo</dc:creator>").as_deref(),
        Some("Ada, Bo")
    );
}
