//! Files of other formats whose names say text: what they are, by their first bytes.

/// First bytes that no text has, and what a file is that has them.
const FORMATS: [(&[u8], &str); 7] = [
    (b"\x1F\x8B", "it is compressed by gzip: call it .gz (data.csv.gz)"),
    (b"\x28\xB5\x2F\xFD", "it is compressed by zstd: call it .zst (data.csv.zst)"),
    (b"\xFD7zXZ\0", "it is compressed by xz: decompress it first (unxz)"),
    (b"PK\x03\x04", "it is a ZIP archive or a spreadsheet: unpack it, or export CSV from it"),
    (b"ARROW1\0", "it is Arrow IPC, which readArrow reads"),
    (b"\xFF\xFE", UTF16),
    (b"\xFE\xFF", UTF16),
];
const UTF16: &str = "it is text in UTF-16: write it in UTF-8 (iconv -f UTF-16 -t UTF-8)";

/// What a file that begins with `first` is, if it cannot be text.
pub fn foreign(first: &[u8]) -> Option<&'static str> {
    // A column may be called PAR1; in Parquet the header of a page follows, which no text begins with.
    if first.starts_with(b"PAR1") && first.get(4).is_some_and(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) {
        return Some("it is Parquet, which readParquet reads");
    }
    FORMATS.iter().find(|(bytes, _)| first.starts_with(bytes)).map(|(_, what)| *what)
}
