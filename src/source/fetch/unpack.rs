//! Unpacks an answer: gzip, deflate, brotli, within limits (POLL-07, SEC-07).

use std::io::Read;

/// Bytes when unpacked.
const MOST: usize = 50 * 1024 * 1024;
/// An answer may grow by this factor,
const MOST_RATIO: usize = 100;
/// once it is larger than this: short pages of blanks grow more and harm nobody.
const HARMLESS: usize = 1024 * 1024;

/// Returns the bytes, or what is wrong with them as the end of a sentence.
pub(super) fn unpack(wire: Vec<u8>, encoding: &str) -> Result<Vec<u8>, String> {
    let packed = wire.len();
    let bytes = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(wire),
        "gzip" | "x-gzip" => read(flate2::read::MultiGzDecoder::new(wire.as_slice()), packed),
        "deflate" => read(flate2::read::ZlibDecoder::new(wire.as_slice()), packed),
        "br" => read(brotli_decompressor::Decompressor::new(wire.as_slice(), 4096), packed),
        other => return Err(format!("packed as {other}, which we did not ask for")),
    };
    bytes.map_err(|what| format!("{what} ({encoding})"))
}

fn read(mut from: impl Read, packed: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut block = [0; 64 * 1024];
    loop {
        let read = match from.read(&mut block) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) => return Err(format!("packed wrongly: {error}")),
        };
        bytes.extend_from_slice(block.get(..read).unwrap_or_default());
        if bytes.len() > MOST {
            return Err(format!("larger than {} MB when unpacked", MOST / 1024 / 1024));
        }
        if bytes.len() > HARMLESS && bytes.len() / MOST_RATIO > packed {
            return Err(format!("more than {MOST_RATIO} times its size when unpacked"));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_packed_answer_is_unpacked_and_a_bomb_is_not() {
        let page = b"<p>What was said.</p>".repeat(100);
        assert_eq!(unpack(gzip(&page), "gzip").unwrap(), page);
        assert_eq!(unpack(page.clone(), "").unwrap(), page);
        let refused = unpack(gzip(&vec![b' '; 60 * 1024 * 1024]), "GZip").unwrap_err();
        assert_eq!(refused, "more than 100 times its size when unpacked (GZip)");
        let blanks = include_bytes!("../../../tests/fixtures/packed/200_megabytes_of_blanks.br");
        let refused = unpack(blanks.to_vec(), "br").unwrap_err();
        assert_eq!(refused, "more than 100 times its size when unpacked (br)");
        assert!(
            unpack(b"not packed at all".to_vec(), "gzip")
                .unwrap_err()
                .starts_with("packed wrongly")
        );
        assert!(unpack(page, "zstd").unwrap_err().contains("zstd"));
    }
}
