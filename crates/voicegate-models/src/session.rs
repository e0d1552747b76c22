//! One ONNX graph with one `f32` input and one `f32` output.

use std::num::NonZeroUsize;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{TensorElementType, TensorRef, ValueType};

use crate::Runtime;

/// Why a graph cannot be loaded or run. The text is ONNX Runtime's and holds no input data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The file is not a graph that this runtime can run.
    #[error("the graph cannot be loaded: {0}")]
    Load(String),
    /// The graph takes or gives something else than its metadata says.
    #[error("the graph does not fit its metadata: {0}")]
    Shape(String),
    /// The run failed.
    #[error("inference failed: {0}")]
    Run(String),
}

/// A loaded graph. It is used by one thread at a time; a pool holds one per worker.
pub struct ModelSession {
    session: Session,
    outputs: usize,
    answers: Answers,
}

/// What a graph answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Values per batch item: shape (batch, values).
    PerItem,
    /// Values per frame of the one batch item: shape (1, frames, values).
    PerFrame,
}

impl ModelSession {
    /// Loads the graph out of `bytes`. `input` is its input shape with `None` for a free axis, `outputs` the number of
    /// values per batch item or frame; `threads` work inside one run.
    ///
    /// # Errors
    /// [`SessionError::Load`] or [`SessionError::Shape`].
    pub fn new<const N: usize>(
        runtime: &Runtime,
        bytes: &[u8],
        threads: NonZeroUsize,
        input: [Option<usize>; N],
        (answers, outputs): (Answers, usize),
    ) -> Result<Self, SessionError> {
        let session = builder(runtime, threads)
            .and_then(|mut builder| builder.commit_from_memory(bytes))
            .map_err(|error| SessionError::Load(error.to_string()))?;
        check("input", &session.inputs().iter().map(|i| i.dtype()).collect::<Vec<_>>(), &input)?;
        let output: &[Option<usize>] = match answers {
            Answers::PerItem => &[None, Some(outputs)],
            Answers::PerFrame => &[Some(1), None, Some(outputs)],
        };
        check("output", &session.outputs().iter().map(|o| o.dtype()).collect::<Vec<_>>(), output)?;
        Ok(Self { session, outputs, answers })
    }

    /// Runs the graph on `data` of `shape`, batch first.
    ///
    /// # Errors
    /// [`SessionError::Run`], also when the output has another number of values than the metadata says.
    pub fn run<const N: usize>(&mut self, shape: [usize; N], data: &[f32]) -> Result<Vec<f32>, SessionError> {
        let failed = |error: ort::Error| SessionError::Run(error.to_string());
        let input = TensorRef::from_array_view((shape, data)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(failed)?;
        let (_, values) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        let fits = match self.answers {
            Answers::PerItem => values.len() == shape.first().copied().unwrap_or(0) * self.outputs,
            Answers::PerFrame => values.len().is_multiple_of(self.outputs),
        };
        if !fits {
            return Err(SessionError::Run(format!("{} output values do not fit", values.len())));
        }
        Ok(values.to_vec())
    }
}

/// Options measured with `cargo run --release -p voicegate-models --example memory`.
///
/// Spinning threads take the core from the rest of the program. Lengths vary, so a memory pattern is never used
/// twice, and an arena only keeps the largest length's memory for good.
fn builder(runtime: &Runtime, threads: NonZeroUsize) -> Result<SessionBuilder, ort::Error> {
    Ok(Session::builder(runtime.environment())?
        .with_execution_providers(runtime.providers())?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.get())?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?)
}

fn check(what: &str, found: &[&ValueType], expected: &[Option<usize>]) -> Result<(), SessionError> {
    let [ValueType::Tensor { ty: TensorElementType::Float32, shape, .. }] = found else {
        return Err(SessionError::Shape(format!("it must have one {what} tensor of 32-bit floats")));
    };
    // A negative dimension is free.
    let fits = shape.len() == expected.len()
        && shape.iter().zip(expected).all(|(&dim, expected)| {
            dim < 0 || expected.is_none_or(|expected| usize::try_from(dim) == Ok(expected))
        });
    if fits {
        Ok(())
    } else {
        Err(SessionError::Shape(format!("{what} of shape {shape:?} instead of {expected:?}")))
    }
}
