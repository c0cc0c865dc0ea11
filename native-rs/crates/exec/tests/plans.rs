//! Planning for ten thousand ranks, with what it takes of memory: the only test of its process.
#[path = "it/tables.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod tables;
#[path = "it/world.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use tables::{in_groups, trips, zones};
use world::*;

/// The system's allocator, which says how much it has lent at most.
struct Counting;

static LENT: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(LENT.fetch_add(layout.size(), Ordering::Relaxed) + layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LENT.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

#[test]
fn ten_thousand_ranks_are_planned_in_little_memory() {
    let ((_t, trips), (_z, zones)) = (in_groups("trips", &[trips(40_000)], 20), in_groups("zones", &[zones()], 1000));
    let results = World::new(1, 1).run(|engine| {
        let (trips, zones) = (trips.clone(), zones.clone());
        async move {
            open(&engine, &[&trips]).await;
            open(&engine, &[&zones]).await;
            let plan = plan(every_exchange(&TRIPS), vec![collect(5)]).to_string();
            let mut models = vec![];
            for ranks in [1, 100, 10_000] {
                let before = LENT.load(Ordering::Relaxed);
                MOST.store(before, Ordering::Relaxed);
                let model = engine.model(&plan, ranks, 64).await.unwrap();
                models.push((ranks, MOST.load(Ordering::Relaxed) - before, serde_json::from_str::<Value>(&model).unwrap()));
            }
            models
        }
    });
    for (ranks, bytes, model) in &results[0] {
        eprintln!("{ranks} ranks: {:.1} MB, {} s", *bytes as f64 / 1e6, model["planSeconds"]);
        assert!(*bytes <= 100_000_000, "{ranks} ranks are planned in {bytes} bytes");
        let number = |name: &str| model[name].as_u64().unwrap() as usize;
        assert!(number("groups") - 1 + number("groupRanks") - 1 <= 64 + ranks.div_ceil(64), "of {ranks} ranks each speaks to too many: {model}");
        let buffers: usize = model["operators"].as_array().unwrap().iter().filter_map(|operator| operator["exchange"]["buffers"].as_u64()).map(|bytes| bytes as usize).sum();
        assert!(buffers <= 100_000_000, "{ranks} ranks collect {buffers} bytes for others");
        let scan = model["operators"].as_array().unwrap().iter().find(|operator| operator["scan"]["rows"] == 40_000).unwrap();
        // A group of twenty rows is not split for a few of them.
        assert!(scan["scan"]["mostRows"].as_u64().unwrap() as usize <= 40_000 / ranks + 20, "{scan}");
    }
}
