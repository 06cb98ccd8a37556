use crate::world;
#[test]
fn peek() {
    let wanted = std::env::var("PEEK").unwrap_or_default();
    let arm = std::env::var("ARM").unwrap_or("dreamed".into());
    let mut p = world::plan("standard.yaml", 1, |id| id == wanted);
    p.trials.retain(|t| p.experiment.arms[t.arm].id.as_str() == arm);
    let plan = std::sync::Arc::new(p);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let runner = dreamtrial::run::Runner::new(plan.clone(), 1, Default::default());
    runtime.block_on(runner.run(&world::Nothing, move |event| {
        if let dreamtrial::event::Event::Session(s) = event {
            println!("=== session {}", s.session);
            for e in &s.entries { println!("   {e:?}"); }
            for t in &s.tasks { println!("   completed {} probe {} clar {:?} corr {}", t.completed, t.probe, t.clarifications, t.corrections);
              if let Some(v) = &t.verdicts { for v in &v.verdicts { if !v.met { println!("      unmet {}: {}", v.criterion, v.evidence); } } } }
            if let Some(d) = &s.dream { for (p, e) in d.store.entries() { println!("   --- {p}\n{}", e.content()); } 
              if std::env::var("EDITS").is_ok() { for e in &d.edits { println!("   edit {e:?}"); } } }
        }
    }));
}
