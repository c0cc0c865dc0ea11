//! One line a node, inputs by number: what `explain`, debug output and tests print.
