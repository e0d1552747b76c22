//! What the detector looks at.

use std::f32::consts::TAU;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::FRAME;

/// Number of measures per frame.
pub const MEASURES: usize = 19;

/// Measures of one moment, before their context is added.
const MOMENTARY: usize = 6;
/// Frames to either side over which each measure is averaged as context.
const CONTEXT: [usize; 2] = [2, 8];

/// Scale of the last measure, the spread of the recording's levels.
const DB_PER_SPREAD: f32 = 20.0;
/// Spread of levels that even a single short word in strong noise exceeds, in dB.
const STEADY_DB: f32 = 2.5;

const FFT: usize = 512;
/// Edges of the bands, as bins of 31.25 Hz: 94 Hz to 7.5 kHz, about equally spaced in mel.
const EDGES: [usize; 13] = [3, 6, 10, 14, 20, 27, 36, 48, 64, 86, 118, 165, 240];
pub(crate) const BANDS: usize = EDGES.len() - 1;
/// Bins that decide whether a frame is periodic: up to 2 kHz.
const PERIODIC_BINS: usize = 64;
/// Periods of a voice in samples: 64 to 400 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 40..=250;

/// A recording whose loud moments are hardly louder than its quiet ones: a hum, a hiss, a tone. Speech is never so
/// even.
pub(super) fn is_steady(measures: &[f32; MEASURES]) -> bool {
    measures[MEASURES - 1] * DB_PER_SPREAD < STEADY_DB
}

/// What one frame sounds like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sound {
    /// Power in each band, in arbitrary units that are the same for every frame.
    pub(crate) bands: [f32; BANDS],
    /// Height of the autocorrelation's peak, 0 to 1: how periodic the frame is.
    pub(crate) periodicity: f32,
    /// Where that peak lies, in samples.
    pub(crate) period: f32,
}

/// The measures of each frame. Levels enter only relative to the recording's own quiet and loud moments, so that its
/// gain does not matter.
pub(super) fn measures(sounds: &[Sound]) -> Vec<[f32; MEASURES]> {
    let frames = sounds.len();
    if frames == 0 {
        return Vec::new();
    }
    let total: Vec<f32> = sounds.iter().map(|sound| sound.bands.iter().sum()).collect();
    let total = smoothed_db(&total);
    let (quiet, loud) = (percentile(&total, 0.1), percentile(&total, 0.95));

    let mut momentary = vec![[0.0; MOMENTARY]; frames];
    let mut mean_db = vec![0.0; frames];
    for band in 0..BANDS {
        let power: Vec<f32> = sounds.iter().map(|sound| sound.bands[band]).collect();
        let level = smoothed_db(&power);
        let floor = percentile(&level, 0.1);
        for ((measures, mean_db), level) in momentary.iter_mut().zip(&mut mean_db).zip(&level) {
            measures[band * 3 / BANDS] += (level - floor).clamp(0.0, 40.0) / 40.0;
            *mean_db += level / BANDS as f32;
        }
    }
    for (n, measures) in momentary.iter_mut().enumerate() {
        measures[3] = (total[n] - loud).clamp(-60.0, 5.0) / 10.0;
        measures[4] = sounds[n].periodicity * 2.0;
        // The mean of the levels against the level of the mean: how peaked the spectrum is.
        measures[5] = (total[n] - mean_db[n]).clamp(0.0, 60.0) / 10.0;
    }
    let spread = (loud - quiet).clamp(0.0, 80.0) / DB_PER_SPREAD;
    with_context(&momentary, spread)
}

/// Listens to each whole frame of [`FRAME`] samples.
pub(super) fn listen(samples: &[f32]) -> Vec<Sound> {
    let frames = samples.len() / FRAME;
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(FFT), planner.plan_fft_inverse(FFT));
    let window: Vec<f32> = (0..FFT).map(|n| 0.5 - 0.5 * (TAU * n as f32 / FFT as f32).cos()).collect();
    let (mut input, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
    let (mut scratch, mut scratch_back) = (forward.make_scratch_vec(), inverse.make_scratch_vec());
    let mut correlation = inverse.make_output_vec();
    // What the window alone does to the autocorrelation of a periodic signal.
    let taper: Vec<f32> = (0..=*PERIODS.end())
        .map(|lag| window.iter().zip(&window[lag..]).map(|(a, b)| a * b).sum::<f32>())
        .collect();

    let mut sounds = Vec::with_capacity(frames);
    for frame in 0..frames {
        // The window reaches half a frame beyond its frame to both sides.
        for (n, (input, weight)) in input.iter_mut().zip(&window).enumerate() {
            let at = (frame * FRAME + n).checked_sub((FFT - FRAME) / 2);
            *input = at.and_then(|at| samples.get(at)).map_or(0.0, |sample| sample * weight);
        }
        forward
            .process_with_scratch(&mut input, &mut spectrum, &mut scratch)
            .expect("the buffers were made by this plan");
        let bands = std::array::from_fn(|band| {
            spectrum[EDGES[band]..EDGES[band + 1]].iter().map(Complex::norm_sqr).sum::<f32>() + 1e-9
        });
        for (bin, value) in spectrum.iter_mut().enumerate() {
            let keep = (EDGES[0]..PERIODIC_BINS).contains(&bin);
            *value = Complex::new(if keep { value.norm_sqr() } else { 0.0 }, 0.0);
        }
        inverse
            .process_with_scratch(&mut spectrum, &mut correlation, &mut scratch_back)
            .expect("the buffers were made by this plan");
        let whole = correlation[0] / taper[0];
        let (period, peak) = PERIODS
            .map(|lag| (lag as f32, correlation[lag] / taper[lag]))
            .fold((*PERIODS.start() as f32, 0.0), |best, here| if here.1 > best.1 { here } else { best });
        let periodicity = if whole > 0.0 { (peak / whole).min(1.0) } else { 0.0 };
        sounds.push(Sound { bands, periodicity, period });
    }
    sounds
}

/// Levels in dB of powers averaged over three frames.
fn smoothed_db(power: &[f32]) -> Vec<f32> {
    averaged(power, 1).into_iter().map(|power| 10.0 * power.max(1e-9).log10()).collect()
}

/// Centred moving average over `2 · reach + 1` values, fewer at the ends.
fn averaged(values: &[f32], reach: usize) -> Vec<f32> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0_f64;
    sums.push(sum);
    for value in values {
        sum += f64::from(*value);
        sums.push(sum);
    }
    (0..values.len())
        .map(|n| {
            let (from, to) = (n.saturating_sub(reach), (n + reach + 1).min(values.len()));
            ((sums[to] - sums[from]) / (to - from) as f64) as f32
        })
        .collect()
}

fn percentile(values: &[f32], share: f32) -> f32 {
    let mut values = values.to_vec();
    let at = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

fn with_context(momentary: &[[f32; MOMENTARY]], spread: f32) -> Vec<[f32; MEASURES]> {
    let mut all = vec![[spread; MEASURES]; momentary.len()];
    for measure in 0..MOMENTARY {
        let values: Vec<f32> = momentary.iter().map(|frame| frame[measure]).collect();
        for (column, reach) in [0, CONTEXT[0], CONTEXT[1]].into_iter().enumerate() {
            for (frame, value) in all.iter_mut().zip(averaged(&values, reach)) {
                frame[column * MOMENTARY + measure] = value;
            }
        }
    }
    all
}
