//! Repairs the end of a file after a crash
//! (docs/logs.md, What the files promise).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memchr::memrchr;

use super::line;

/// What is read at once when the last line end is looked for.
const BLOCK: u64 = 64 * 1024;

/// Makes a file end at the end of a line and returns its length. Reads only the end of it.
///
/// A last line without its end is cut off. In a file that does not begin like one of ours nothing
/// is cut: the line gets its end instead.
pub(crate) fn repair(file: &File) -> io::Result<u64> {
    let len = file.metadata()?.len();
    let end = last_line_end(file, len)?;
    if end == len {
        return Ok(len);
    }
    if begins_like_ours(file, len)? {
        file.set_len(end)?;
        return Ok(end);
    }
    // The file is open for appending.
    io::Write::write_all(&mut &*file, b"\n")?;
    Ok(len + 1)
}

/// The length of a file up to the end of its last whole line.
fn last_line_end(file: &File, len: u64) -> io::Result<u64> {
    let mut block = Vec::new();
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        block.resize(usize::try_from(end - start).unwrap_or(0), 0);
        file.read_exact_at(&mut block, start)?;
        if let Some(at) = memrchr(b'\n', &block) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn begins_like_ours(file: &File, len: u64) -> io::Result<bool> {
    let mut beginning = [0; 16];
    let known = usize::try_from(len).map_or(16, |len| len.min(16));
    file.read_exact_at(&mut beginning[..known], 0)?;
    Ok(line::may_be_ours(&beginning[..known]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{newest, open, segment::Segment};
    use super::*;

    fn repaired(text: &[u8]) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, text).unwrap();
        let file = open::append(&path).unwrap();
        let len = repair(&file).unwrap();
        let text = std::fs::read(&path).unwrap();
        assert_eq!(text.len() as u64, len);
        text
    }

    #[test]
    fn a_foreign_file_loses_nothing() {
        assert_eq!(
            repaired(b"{\"id\":1}\n{\"id\":2}"),
            b"{\"id\":1}\n{\"id\":2}\n"
        );
    }

    #[test]
    fn zeros_at_the_end_are_cut_off() {
        let line = b"{\"seq\":1,\"service\":\"a\"}\n";
        assert_eq!(repaired(&[&line[..], &vec![0; 200_000]].concat()), line);
    }

    proptest! {
        #[test]
        fn a_file_cut_anywhere_keeps_its_whole_lines(
            widths in proptest::collection::vec(prop_oneof![0..50usize, 0..200_000usize], 0..9),
            cut in 0.0..=1.0f64,
        ) {
            let lines = widths.iter().zip(1..).map(|(width, seq)| {
                format!("{{\"seq\":{seq},\"message\":\"{}\"}}\n", "x".repeat(*width))
            });
            let text: String = lines.collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = (text.len() as f64 * cut) as usize;
            let torn = &text[..cut];
            let wanted = torn.rfind('\n').map_or(0, |end| end + 1);
            prop_assert_eq!(repaired(torn.as_bytes()).len(), wanted);
        }
    }

    #[test]
    fn a_file_of_one_torn_line_becomes_empty() {
        assert_eq!(repaired(b"{\"s"), b"");
        let file = tempfile::tempfile().unwrap();
        assert_eq!(repair(&file).unwrap(), 0);
        assert_eq!(
            newest::first_and_last(Segment::new(file).unwrap()).unwrap(),
            None
        );
    }
}
