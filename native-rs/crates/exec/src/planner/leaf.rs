//! A leaf of a logical plan: whole tables, of which each partition reads its part.
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;

/// Makes the operator that reads the given columns of the leaf's schema.
pub type MakeExec = dyn Fn(Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> + Send + Sync;

pub struct Leaf {
    schema: SchemaRef,
    make: Box<MakeExec>,
}

impl Leaf {
    pub fn new(
        schema: SchemaRef,
        make: impl Fn(Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { schema, make: Box::new(make) })
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({})", self.schema)
    }
}

#[async_trait]
impl TableProvider for Leaf {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        (self.make)(projection)
    }
}
