//! The plan: what one execution computes, without a word about ranks.
//!
//! Emitted JavaScript builds plans while it runs (`runtime/src/spmd`), the engine decodes, distributes and
//! executes them (`crates/exec`). These Rust types are the only definition; `cargo test -p lockstep-plan`
//! writes the TypeScript declarations to `native-rs/plan/`.
//!
//! A plan is logical and has no exchanges: it says *what*, the native planner places *where*.

mod aggregate;
mod display;
mod expression;
mod join;
mod node;
mod types;
mod write;

pub use aggregate::{Aggregate, AggregateFunction, Bins, NamedAggregate};
pub use expression::{ExactNumber, Expression, Literal};
pub use join::{AsofJoin, AsofStrategy, Join, JoinColumn, JoinCondition, JoinKey, JoinSide, JoinType};
pub use node::{
    Frame, NamedExpression, Node, NodeId, Plan, SelectColumn, Sink, SortKey, Site, Window, WindowColumn,
    WindowFunction, WindowValue,
};
pub use types::{ColumnType, JsType, Member, Members};
pub use write::{ArrowWrite, CopiedColumn, CsvWrite, FileSort, IcebergWrite, JsonLinesWrite, Layout, ParquetWrite, PartitionField, PostgresWrite, SnowflakeWrite, StoreOptions, Wire, WrittenColumn};

#[cfg(test)]
mod tests {
    use ts_rs::TS;

    use super::*;

    /// Read when this was compiled: before the tests that write it.
    const COMMITTED: &str = include_str!("../../../plan/index.d.ts");

    #[test]
    fn numbers_of_many_digits_come_as_texts() {
        let read = |json: &str| serde_json::from_str::<ExactNumber>(json).map(|number| number.0).map_err(|error| error.to_string());
        assert_eq!([read("0.5"), read("15"), read("\"0.30000000000000004\""), read("\"-0\"")], [Ok(0.5), Ok(15.0), Ok(0.1 + 0.2), Ok(-0.0)]);
        assert_eq!(serde_json::to_string(&ExactNumber(0.1 + 0.2)).unwrap(), "\"0.30000000000000004\"");
        assert!(read("\"x\"").is_err() && read("true").is_err());
    }

    #[test]
    fn the_committed_declarations_are_these_types() {
        let declarations = [
            Plan::decl(), Node::decl(), Sink::decl(), Expression::decl(), Literal::decl(), ExactNumber::decl(), JsType::decl(), ColumnType::decl(),
            Join::decl(), AsofJoin::decl(), AsofStrategy::decl(), JoinKey::decl(), JoinColumn::decl(), JoinCondition::decl(), JoinSide::decl(), JoinType::decl(), Aggregate::decl(),
            AggregateFunction::decl(), NamedAggregate::decl(), Bins::decl(), NamedExpression::decl(), SelectColumn::decl(), SortKey::decl(),
            Layout::decl(), ParquetWrite::decl(), ArrowWrite::decl(), CsvWrite::decl(), JsonLinesWrite::decl(), Window::decl(), WindowColumn::decl(), WindowValue::decl(),
            WindowFunction::decl(), Frame::decl(), StoreOptions::decl(), IcebergWrite::decl(), WrittenColumn::decl(), FileSort::decl(), PartitionField::decl(),
            PostgresWrite::decl(), SnowflakeWrite::decl(), CopiedColumn::decl(), Wire::decl(),
        ];
        for declaration in &declarations {
            assert!(COMMITTED.contains(&format!("export {declaration}")), "native-rs/plan/index.d.ts was out of date: commit it\n{declaration}");
        }
        assert_eq!(COMMITTED.matches("export type").count(), declarations.len(), "types that are no longer there, or not checked here");
    }
}
