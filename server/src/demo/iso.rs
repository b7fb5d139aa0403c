//! A minimal but true ISO 9660 image: one volume, one directory, one README.

use std::ops::Range;

const SECTOR: usize = 2048;
/// Sectors 0 to 15 are the system area (ECMA-119, 6.2.1).
const PRIMARY: usize = 16;
const TERMINATOR: usize = 17;
const PATHS_LITTLE: usize = 18;
const PATHS_BIG: usize = 19;
const ROOT: usize = 20;
const README: usize = 21;
/// The whole image: padded, so that sizes in a listing look like something.
const SECTORS: usize = 192;

const README_NAME: &[u8] = b"README.TXT;1";
const README_TEXT: &str = "This is a demo image, not an installer.\r\n\
    It was made by Mingjing, the website of a software mirror, to have something to list and to check.\r\n";
/// 2025-10-01 00:00:00 UTC, in the long and in the short form.
const LONG_TIME: &[u8] = b"2025100100000000\0";
const SHORT_TIME: &[u8] = &[125, 10, 1, 0, 0, 0, 0];
const NO_TIME: &[u8] = b"0000000000000000\0";

/// The image with the volume name `volume`: up to 32 of `A-Z 0-9 _`; anything else is replaced by `_`.
pub(super) fn image(volume: &str) -> Vec<u8> {
    let mut image = vec![0; SECTORS * SECTOR];
    let mut put = |sector: usize, content: &[u8]| {
        image[sector * SECTOR..][..content.len()].copy_from_slice(content);
    };

    let mut terminator = b"\xffCD001\x01".to_vec();
    terminator.resize(SECTOR, 0);
    let readme = format!("{README_TEXT}Volume: {volume}\r\n");

    put(PRIMARY, &primary_descriptor(volume));
    put(TERMINATOR, &terminator);
    put(PATHS_LITTLE, &[&[1, 0][..], &small(ROOT).to_le_bytes(), &[1, 0, 0, 0]].concat());
    put(PATHS_BIG, &[&[1, 0][..], &small(ROOT).to_be_bytes(), &[0, 1, 0, 0]].concat());
    put(
        ROOT,
        &[
            directory_record(&[0], ROOT, SECTOR, true),
            directory_record(&[1], ROOT, SECTOR, true),
            directory_record(README_NAME, README, readme.len(), false),
        ]
        .concat(),
    );
    put(README, readme.as_bytes());
    image
}

/// ECMA-119, 8.4; the ranges are its byte positions, which count from 1.
fn primary_descriptor(volume: &str) -> Vec<u8> {
    let mut descriptor = vec![0; SECTOR];
    let mut put = |bytes: Range<usize>, content: &[u8]| {
        let field = &mut descriptor[bytes.start - 1..bytes.end - 1];
        field.fill(b' ');
        field[..content.len()].copy_from_slice(content);
    };
    let volume: String = volume
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .take(32)
        .collect();
    put(1..8, b"\x01CD001\x01");
    put(9..41, b"");
    put(41..73, volume.as_bytes());
    put(81..89, &both32(SECTORS));
    put(121..125, &both16(1));
    put(125..129, &both16(1));
    put(129..133, &both16(SECTOR));
    put(133..141, &both32(10)); // bytes of the path table: one record
    put(141..145, &small(PATHS_LITTLE).to_le_bytes());
    put(149..153, &small(PATHS_BIG).to_be_bytes());
    put(157..191, &directory_record(&[0], ROOT, SECTOR, true));
    put(191..575, b""); // volume set, publisher
    put(575..703, b"MINGJING DEMO");
    put(703..814, b""); // copyright, abstract, bibliographic file
    put(814..831, LONG_TIME);
    put(831..848, LONG_TIME);
    put(848..865, NO_TIME);
    put(865..882, NO_TIME);
    put(882..883, &[1]);
    descriptor
}

/// ECMA-119, 9.1.
fn directory_record(name: &[u8], sector: usize, size: usize, directory: bool) -> Vec<u8> {
    let padding = usize::from(name.len().is_multiple_of(2));
    let length = 33 + name.len() + padding;
    let mut record = vec![low(length), 0];
    record.extend(both32(sector));
    record.extend(both32(size));
    record.extend(SHORT_TIME);
    record.extend([if directory { 2 } else { 0 }, 0, 0]);
    record.extend(both16(1));
    record.push(low(name.len()));
    record.extend(name);
    record.resize(length, 0);
    record
}

/// Both byte orders, one after the other (ECMA-119, 7.3.3).
fn both32(number: usize) -> [u8; 8] {
    let number = small(number);
    let mut field = [0; 8];
    field[..4].copy_from_slice(&number.to_le_bytes());
    field[4..].copy_from_slice(&number.to_be_bytes());
    field
}

/// Both byte orders, one after the other (ECMA-119, 7.2.3).
fn both16(number: usize) -> [u8; 4] {
    let [a, b, ..] = small(number).to_le_bytes();
    [a, b, b, a]
}

/// All numbers here are sectors and sizes far below 2³².
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn low(number: usize) -> u8 {
    small(number).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_directory_leads_to_the_readme() {
        let image = image("Demo 1.0");
        let number = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(&image[PRIMARY * SECTOR + 1..][..5], b"CD001");
        assert_eq!(&image[PRIMARY * SECTOR + 40..][..9], b"DEMO_1_0 ");
        assert_eq!(image.len(), number(PRIMARY * SECTOR + 80) * SECTOR);
        let root = number(PRIMARY * SECTOR + 156 + 2) * SECTOR;
        let readme = root + 34 + 34;
        let (start, size) = (number(readme + 2) * SECTOR, number(readme + 10));
        let text = std::str::from_utf8(&image[start..start + size]).unwrap();
        assert!(text.starts_with("This is a demo image, not an installer."));
        assert!(text.ends_with("Volume: Demo 1.0\r\n"));
    }
}
