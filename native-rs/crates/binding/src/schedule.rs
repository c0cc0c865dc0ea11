//! What collectives take on so many ranks, without any rank.
use lockstep_exec::schedule;
use napi_derive::napi;

use crate::engine::to_js;

/// `{ ranks, local, group?, collectives: [{ collective, parts, times? }] }`, with `parts` a number of bytes or one by rank, →
/// `{ groups, groupRanks, messages: [by rank], bytes: [by rank], held }`.
#[napi(js_name = "schedule")]
pub fn js_schedule(request: String) -> napi::Result<String> {
    schedule::schedule(&request).map_err(to_js)
}
