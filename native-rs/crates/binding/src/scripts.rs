//! Row functions that only V8 runs: a worker sends a batch to the JavaScript thread and waits for its values.
use std::io::Cursor;
use std::sync::mpsc::sync_channel;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion::error::{DataFusionError, Result};
use lockstep_exec::{EngineError, RowError, ScriptHost};
use lockstep_plan::JsType;
use napi::Status;
use napi::bindgen_prelude::{Buffer, Either, FnArgs};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use serde_json::Value;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// (function, its columns as an Arrow IPC stream, type of its values) → the values as a stream of one column, or what
/// the function threw as JSON: `{ message, row }`. The callback itself never throws.
type Arguments = FnArgs<(u32, Buffer, String)>;
pub type ScriptCallback = ThreadsafeFunction<Arguments, Either<Buffer, String>, Arguments, Status, false>;

pub struct Scripts(pub ScriptCallback);

impl ScriptHost for Scripts {
    fn call(&self, function: u32, columns: RecordBatch, result: JsType) -> Result<ArrayRef> {
        let mut stream = StreamWriter::try_new(vec![], &columns.schema())?;
        stream.write(&columns)?;
        let arguments = (function, Buffer::from(stream.into_inner()?), result.to_string());
        let (answer, answered) = sync_channel(1);
        let status = self.0.call_with_return_value(arguments.into(), ThreadsafeFunctionCallMode::NonBlocking, move |values, _| {
            // JavaScript's buffer may not leave its thread.
            let _ = answer.send(values.map(|values| match values {
                Either::A(stream) => Ok(stream.to_vec()),
                Either::B(thrown) => Err(thrown),
            }));
            Ok(())
        });
        if status != Status::Ok {
            return Err(gone());
        }
        let wait = || answered.recv();
        let values = match Handle::try_current() {
            // The other tasks of this worker go on meanwhile.
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => block_in_place(wait),
            _ => wait(),
        };
        match values.map_err(|_| gone())? {
            Ok(Ok(stream)) => column(&stream),
            Ok(Err(thrown)) => {
                let thrown: Value = serde_json::from_str(&thrown).map_err(|error| bug(error.to_string()))?;
                let row = thrown["row"].as_u64().unwrap_or_default() as usize;
                Err(RowError::script(function, row, thrown["message"].as_str().unwrap_or_default()))
            }
            Err(error) => Err(bug(error.to_string())),
        }
    }
}

fn column(stream: &[u8]) -> Result<ArrayRef> {
    let reader = StreamReader::try_new(Cursor::new(stream), None)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?.column(0).clone())
}

fn gone() -> DataFusionError {
    EngineError::new("LS2014", "JavaScript ended while a row function waited for it").into()
}

fn bug(message: String) -> DataFusionError {
    EngineError::bug(message).into()
}
