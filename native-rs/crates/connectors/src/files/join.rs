//! Parts → one file, in the order of their names.
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
    bloom_filter::Sbbf,
    column::writer::ColumnCloseResult,
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
};
use serde_json::json;

use crate::{
    errors::{ConnectorError, Result},
    ipc::join_arrow,
};

/// Makes one file, `name`, of the parts in a local staging folder. Row groups of Parquet are copied as they are, record batches of Arrow IPC written again; texts, compressed
/// or not, stand one behind the other. LS2008.
pub fn join_parts(staging: &str, name: &str) -> Result<()> {
    let staging = Path::new(staging);
    let fail = |error: io::Error| ConnectorError::write(staging, &error);
    let mut parts: Vec<PathBuf> = fs::read_dir(staging).map_err(fail)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>().map_err(fail)?;
    parts.sort();
    let whole = staging.join(format!(".{name}"));
    match &parts[..] {
        [] => return Err(ConnectorError::new("LS2099", "no part was written", json!({}))),
        [only] => fs::rename(only, &whole).map_err(fail)?,
        [first, ..] if first.extension().is_some_and(|extension| extension == "parquet") => join_parquet(&parts, &whole)?,
        [first, ..] if first.extension().is_some_and(|extension| extension == "arrow") => join_arrow(&parts, staging, &format!(".{name}"))?,
        [first, rest @ ..] => {
            fs::rename(first, &whole).map_err(fail)?;
            let mut file = File::options().append(true).open(&whole).map_err(fail)?;
            rest.iter().try_for_each(|part| io::copy(&mut File::open(part)?, &mut file).map(|_| ())).map_err(fail)?;
        }
    }
    for part in &parts {
        if let Err(error) = fs::remove_file(part) && error.kind() != io::ErrorKind::NotFound {
            return Err(fail(error));
        }
    }
    fs::rename(&whole, staging.join(name)).map_err(fail)
}

fn join_parquet(parts: &[PathBuf], whole: &Path) -> Result<()> {
    let failed = |error: ParquetError| match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => ConnectorError::write(whole, &error),
            Err(cause) => ConnectorError::new("LS2099", cause.to_string(), json!({})),
        },
        error => ConnectorError::new("LS2099", error.to_string(), json!({})),
    };
    let fail = |error: io::Error| ConnectorError::write(whole, &error);
    let open = |part: &PathBuf| -> Result<(File, ArrowReaderMetadata)> {
        let file = File::open(part).map_err(fail)?;
        let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(failed)?;
        Ok((file, footer))
    };
    let (_, first) = open(&parts[0])?;
    let said = first.metadata().file_metadata();
    let mut properties = WriterProperties::builder().set_key_value_metadata(said.key_value_metadata().cloned());
    if let Some(writer) = said.created_by() {
        properties = properties.set_created_by(writer.to_owned());
    }
    let file = io::BufWriter::new(File::create(whole).map_err(fail)?);
    let mut writer = SerializedFileWriter::new(file, said.schema_descr().root_schema_ptr(), Arc::new(properties.build())).map_err(failed)?;
    for part in parts {
        let (file, footer) = open(part)?;
        for rows in footer.metadata().row_groups() {
            let mut group = writer.next_row_group().map_err(failed)?;
            for column in rows.columns() {
                let close = ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: rows.num_rows() as u64,
                    metadata: column.clone(),
                    bloom_filter: Sbbf::read_from_column_chunk(column, &file).map_err(failed)?,
                    column_index: None,
                    offset_index: None,
                };
                group.append_column(&file, close).map_err(failed)?;
            }
            group.close().map_err(failed)?;
        }
    }
    let mut file = writer.into_inner().map_err(failed)?;
    file.flush().map_err(fail)
}
