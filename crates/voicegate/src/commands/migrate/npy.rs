//! NumPy's file format (NEP 1): a header with type and shape, then the numbers.

const MAGIC: &[u8] = b"\x93NUMPY";

/// The vectors in a `.npy` file: one of shape (n,), or the rows of shape (rows, n).
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Vec<f32>>, String> {
    let refused = |what: &str| format!("is no usable .npy file: {what}");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| refused("it does not begin like one"))?;
    let (header, data) = split(rest).ok_or_else(|| refused("it ends in its header"))?;
    let header = std::str::from_utf8(header).map_err(|_| refused("its header is no text"))?;
    let kind = text_after(header, "descr").ok_or_else(|| refused("its type is not simple"))?;
    if !header.contains("'fortran_order': False") {
        return Err(refused("it is in Fortran order; save it with numpy.ascontiguousarray"));
    }
    let values: Vec<f32> = match kind {
        "<f4" => floats(data, |bytes: [u8; 4]| f32::from_le_bytes(bytes)),
        "<f8" => floats(data, |bytes: [u8; 8]| f64::from_le_bytes(bytes) as f32),
        other => return Err(refused(&format!("its type is {other}, not float32 or float64"))),
    }
    .ok_or_else(|| refused("it ends in the middle of a number"))?;
    let shape = shape(header).ok_or_else(|| refused("its shape cannot be read"))?;
    let (rows, columns) = match shape.as_slice() {
        [columns] => (1, *columns),
        [rows, columns] => (*rows, *columns),
        _ => return Err(refused("it has more than two dimensions, or none")),
    };
    if columns == 0 || rows.checked_mul(columns) != Some(values.len()) {
        return Err(refused("it holds more or fewer numbers than its shape says"));
    }
    Ok(values.chunks_exact(columns).map(<[f32]>::to_vec).collect())
}

/// Header and data of what follows the magic: version, length of the header, header, data.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
    };
    rest.split_at_checked(length)
}

fn floats<const N: usize>(data: &[u8], float: impl Fn([u8; N]) -> f32) -> Option<Vec<f32>> {
    let (chunks, rest) = data.as_chunks::<N>();
    rest.is_empty().then(|| chunks.iter().map(|chunk| float(*chunk)).collect())
}

/// `text` out of `'key': 'text'`.
fn text_after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    rest.trim_start().strip_prefix('\'')?.split_once('\'').map(|(text, _)| text)
}

/// `[2, 256]` out of `'shape': (2, 256)`.
fn shape(header: &str) -> Option<Vec<usize>> {
    let (_, rest) = header.split_once("'shape':")?;
    let (inside, _) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file as `numpy.save` writes it.
    fn file(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn both_float_types_and_both_shapes_are_read() {
        let singles: Vec<u8> = [1.0f32, -2.0, 0.5, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let doubles: Vec<u8> = [1.0f64, -2.0, 0.5, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let rows = vec![vec![1.0, -2.0], vec![0.5, 4.0]];
        assert_eq!(read(&file("<f4", "(2, 2)", &singles)), Ok(rows.clone()));
        assert_eq!(read(&file("<f8", "(2, 2)", &doubles)), Ok(rows));
        assert_eq!(read(&file("<f4", "(4,)", &singles)), Ok(vec![vec![1.0, -2.0, 0.5, 4.0]]));
        // Version 2 has a longer length.
        let second = [MAGIC, &[2, 0], &70u32.to_le_bytes(), &file("<f4", "(4,)", &singles)[10..]].concat();
        let header = second.len() - singles.len() - 12;
        let second = [&second[..8], &u32::try_from(header).unwrap().to_le_bytes(), &second[12..]].concat();
        assert_eq!(read(&second).unwrap().len(), 1);
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let data = [0; 16];
        let fortran = String::from_utf8_lossy(&file("<f4", "(2, 2)", &[])).replace("False", "True ");
        for (bytes, words) in [
            (b"PK".to_vec(), "does not begin"),
            (MAGIC.to_vec(), "ends in its header"),
            (file("<f4", "(4,)", &data)[..20].to_vec(), "ends in its header"),
            (file("<f4", "(4,)", &data[..15]), "middle of a number"),
            (file("<f4", "(5,)", &data), "more or fewer"),
            (file("<f4", "(0, 0)", &[]), "more or fewer"),
            (file("<f4", "(1, 2, 2)", &data), "dimensions"),
            (file("<f4", "()", &data[..4]), "dimensions"),
            (file("<f4", "(x,)", &data), "shape"),
            (file(">f4", "(4,)", &data), ">f4"),
            (file("<i4", "(4,)", &data), "<i4"),
            (file("|O", "(4,)", &data), "|O"),
        ] {
            let refused = read(&bytes).unwrap_err();
            assert!(refused.contains(words), "{words}: {refused}");
        }
        assert!(fortran.contains("True"), "{fortran}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            kind in "[<>|]?[fiO][48]?", shape in "\\([0-9, ]{0,24}\\)?", data in any::<Vec<u8>>(), cut in 0usize..200,
        ) {
            let bytes = file(&kind, &shape, &data);
            let _ = read(bytes.get(..cut).unwrap_or(&bytes));
            let _ = read(&data);
        }
    }
}
