//! The plan: what one execution computes, without a word about ranks.
//!
//! Emitted JavaScript builds plans while it runs (`runtime/src/spmd`), the engine decodes, distributes and
//! executes them (`crates/exec`). These Rust types are the only definition; `cargo test -p lockstep-plan`
//! writes the TypeScript declarations to `native-rs/plan/`.
//!
//! A plan is logical and has no exchanges: it says *what*, the native planner places *where*.

mod display;
mod expression;
mod node;
mod types;

pub use expression::{Expression, Literal};
pub use node::{
    Aggregate, AggregateFunction, CsvWrite, Join, JoinColumn, JoinKey, JoinSide, JoinType, NamedAggregate,
    NamedExpression, Node, NodeId, ParquetWrite, Plan, SelectColumn, Sink, SortKey, Site,
};
pub use types::{ColumnType, JsType};
