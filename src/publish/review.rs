//! Previews for staff, and the links in them by which staff decide.
//!
//! In: a draft that is being sealed on a schedule. Out: for each address of `preview_to` and each language the fullest
//! mail, below a box with links to approve or hold the edition. The surprising thing: a link is good for one choice about
//! one edition by one person, and only while that person is still in `preview_to`.

use super::House;
use super::draft::{Draft, DraftVariant};
use super::trial::{self, Parcel};
use crate::config::List;
use crate::mail::{self, Headers};
use crate::store::Tx;
use crate::subscriber::Mailbox;
use crate::token::{Ballot, Choice};

/// Staff see a scheduled edition as the readers of each language will (`preview_to`).
pub(super) async fn mail_preview(house: &House, tx: &mut Tx, draft: &Draft) -> anyhow::Result<()> {
    let list: &List = house.config.list(&draft.list)?;
    let mut shown: Vec<&str> = Vec::new();
    for variant in &draft.variants {
        if shown.contains(&variant.language.as_str()) {
            continue;
        }
        shown.push(&variant.language);
        let fullest = draft.variant_for(&variant.language).unwrap_or(variant);
        for address in &list.preview_to {
            let with_links = with_links(house, draft, fullest, address)?;
            let parcel = Parcel {
                kind: "preview",
                list: &draft.list,
                message_domain: &draft.sealed.message_domain,
                address,
                date: draft.due_at,
            };
            trial::post(house, tx, &parcel, &with_links).await?;
        }
    }
    Ok(())
}

/// The address that a link was made for, if it may still decide: who it is in the record.
pub fn reviewer(house: &House, ballot: &Ballot) -> Option<String> {
    let list = house.config.lists.get(&ballot.list)?;
    let mut all = list.preview_to.iter().filter_map(|text| bare(text));
    all.find(|address| house.secret.reviewer(address) == ballot.reviewer)
}

fn bare(address: &str) -> Option<String> {
    Some(Mailbox::parse(address).ok()?.address.to_string())
}

/// The mail below a box with the links. An edition that needs no approval can be held.
fn with_links(house: &House, draft: &Draft, variant: &DraftVariant, address: &str) -> anyhow::Result<DraftVariant> {
    let reviewer = house.secret.reviewer(&bare(address).unwrap_or_default());
    let link = |choice| {
        let token = house.secret.ballot(&Ballot {
            choice,
            list: draft.list.clone(),
            number: draft.number,
            reviewer: reviewer.clone(),
        });
        format!("{}/decide/{token}", house.config.web.public_url)
    };
    let say = |key: &str| house.templates.words().word(&variant.language, key);
    let mut choices = Vec::new();
    if draft.needs_approval {
        choices.push((say("preview-approve"), link(Choice::Approve)));
    }
    choices.push((say("preview-hold"), link(Choice::Hold)));
    let intro = say(match draft.needs_approval {
        true => "preview-waits",
        false => "preview-goes",
    });

    let mut variant = variant.clone();
    let mut text = format!("{intro}\n");
    // Colours of its own, for the mail around it may be dark.
    let mut html = String::from(
        "<div style=\"max-width:600px;margin:0 auto 16px;padding:12px 16px;border:2px solid #777;background:#fff;color:#1a1a1a;font-family:sans-serif\">",
    );
    html.push_str(&format!("<p style=\"margin:0 0 8px\">{intro}</p>"));
    for (words, link) in &choices {
        text.push_str(&format!("\n{words}:\n{link}\n"));
        html.push_str(&format!(
            "<p style=\"margin:0 0 4px\"><a style=\"color:#0b4f8a !important\" href=\"{link}\">{words}</a></p>"
        ));
    }
    text.push_str("\n------------------------------------------------------------------------\n\n");
    html.push_str("</div>");
    let body = variant.rendered.html.find("<body");
    let at = body.and_then(|body| Some(body + variant.rendered.html.get(body..)?.find('>')? + 1));
    variant.rendered.html.insert_str(at.unwrap_or(0), &html);
    variant.rendered.text.insert_str(0, &text);
    let headers = Headers {
        from: house.config.personal_sender(house.config.list(&draft.list)?)?.from,
        ..Headers::of_digest(&draft.facts, &variant.language)
    };
    variant.prepared = mail::compose(&headers, &variant.rendered)?;
    Ok(variant)
}
