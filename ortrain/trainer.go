package ortrain

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"time"

	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/machine"
	"mslora/lora"
)

// Setting is everything that decides what a training run computes, besides model and data.
type Setting struct {
	Modules      lora.Setting   // rank, alpha, scales
	Align        gradalign.Rule // nil: no gradient alignment
	Epochs       int
	BatchSize    int // texts in a batch, and in an auxiliary batch
	LearningRate float64
	ClipNorm     float64 // global gradient norm limit
	Optimizer    AdamW
	Classes      int
	Seed         uint64
	SaveEvery    int // steps between checkpoints, 0: only at the end of an epoch and when interrupted
	// Ascent is a loss: a batch below it is unlearned by as much as it would be learned, so that the loss stays near it (local gradient
	// ascent of ABL, Li et al. 2021). 0: none is.
	Ascent float64
}

// Data is what a run trains on and chooses its epoch by. Auxiliary holds the trusted clean texts that
// gradients are aligned to; they are in no other part. Where texts have weights, a batch's loss is divided by the sum of its
// weights, as PyTorch's CrossEntropyLoss(weight) does, and dev accuracy is the share of right texts by weight.
type Data struct {
	Train, Auxiliary, Dev []Example
}

// Topologies are the two graphs of a training method.
type Topologies struct {
	Train, Evaluate *graphs.Topology
}

// Check tells whether both graphs compute the model and its file has every weight that they need.
func (t Topologies) Check(model *Model) error {
	for _, topology := range []*graphs.Topology{t.Train, t.Evaluate} {
		if err := model.Config.Check(topology.Manifest); err != nil {
			return err
		}
		if err := topology.Check(model.Weights, model.drawn); err != nil {
			return err
		}
	}
	return nil
}

// Trainer runs one training setting on one model in one folder, which holds checkpoint.safetensors while
// the run lasts and best.safetensors, the tuned tensors of the epoch with the best dev accuracy.
type Trainer struct {
	setting    Setting
	model      *Model
	topologies Topologies
	folder     string
	data       Data
	device     Device
	step       *stepper
	gradient   *gradientBuffer
	auxiliary  *gradientBuffer
	evaluator  *Evaluator
	drawn      Tuned // drawn and frozen tensors
	state      state
	Clock      Clock
}

// BestFile is the name of the file with the tuned tensors of the best epoch.
const BestFile = "best.safetensors"

// NewTrainer links the topologies to the model and opens their sessions. If folder holds a checkpoint of
// the same run it continues there.
func NewTrainer(model *Model, topologies Topologies, setting Setting, data Data, folder string, device Device) (*Trainer, error) {
	t := &Trainer{setting: setting, model: model, topologies: topologies, folder: folder, data: data, device: device}
	if err := t.open(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// open opens what Close closes, and restores the checkpoint.
func (t *Trainer) open() (err error) {
	if err := CheckMemory(t.model, t.topologies.Train.Manifest, t.setting, machine.Memory()); err != nil {
		return err
	}
	t.step, t.drawn, err = newStepper(t.model, t.topologies.Train, t.setting, t.device)
	if err != nil {
		return err
	}
	if err := t.step.choosePart(t.longest()); err != nil {
		return err
	}
	if t.gradient, err = newGradientBuffer(t.step.parameters, t.step.manifest.Hidden, t.device.Threads); err != nil {
		return err
	}
	if t.setting.Align != nil {
		if t.auxiliary, err = newGradientBuffer(t.step.parameters, t.step.manifest.Hidden, t.device.Threads); err != nil {
			return err
		}
	}
	alone := t.device.alone(t.model.Weights)
	if alone {
		if err := t.step.session.close(); err != nil {
			return err
		}
	}
	if t.evaluator, err = NewEvaluator(t.model, t.topologies, t.setting.Modules, t.setting.Classes, t.device); err != nil {
		return err
	}
	if alone {
		if err := takeTurns(t.step.session, t.evaluator.session); err != nil {
			return err
		}
	}
	return t.restore()
}

// stepsPerEpoch counts the last, smaller batch too.
func (t *Trainer) stepsPerEpoch() int {
	return (len(t.data.Train) + t.setting.BatchSize - 1) / t.setting.BatchSize
}

// Steps is the length of the whole run.
func (t *Trainer) Steps() int { return t.stepsPerEpoch() * t.setting.Epochs }

// Run trains to the end, or until ctx is cancelled: then it saves a checkpoint and returns ctx's error.
// Each step: batch, auxiliary batch, their gradients, alignment (Eqs. 7 and 8), clipping, AdamW, hooks.
func (t *Trainer) Run(ctx context.Context, hooks ...Hook) error {
	run := &Run{trainer: t, given: -1}
	if err := run.call(hooks, func(h Hook) error { return h.Begin(run) }); err != nil {
		return err
	}
	perEpoch, steps := t.stepsPerEpoch(), t.Steps()
	// The feed does not stop with ctx: the step at hand must end, so that its checkpoint can be saved.
	feedContext, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	feed := t.feed(feedContext, t.state.Step)
	for t.state.Step < steps {
		if ctx.Err() != nil {
			if err := t.save(); err != nil {
				return err
			}
			return ctx.Err()
		}
		record, err := t.trainStep(feed, t.state.Step/perEpoch)
		if err != nil {
			return err
		}
		if err := run.call(hooks, func(h Hook) error { return h.Step(ctx, run, record) }); err != nil {
			return err
		}
		if t.state.Step%perEpoch == 0 {
			if err := t.endEpoch(ctx, run, record, hooks); err != nil {
				return err
			}
		} else if t.setting.SaveEvery > 0 && t.state.Step%t.setting.SaveEvery == 0 {
			if err := t.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Measure trains n steps and gives the mean time of all but the first, in which ONNX Runtime allocates. The
// trainer's state is spent: it is good for nothing but closing.
func (t *Trainer) Measure(ctx context.Context, n int) (time.Duration, error) {
	feedContext, stop := context.WithCancel(ctx)
	defer stop()
	feed := t.feed(feedContext, 0)
	var begin time.Time
	for step := range n {
		if step == 1 || n == 1 {
			begin = time.Now()
		}
		if _, err := t.trainStep(feed, 0); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / time.Duration(max(1, n-1)), ctx.Err()
}

// trainStep makes one step. It changes neither parameters nor state if something is not finite.
func (t *Trainer) trainStep(feed *feed, epoch int) (StepRecord, error) {
	begin, waited := time.Now(), feed.waited
	gradient, err := t.step.gradients(feed.next, t.gradient)
	if err != nil {
		return StepRecord{}, err
	}
	record := StepRecord{Step: t.state.Step + 1, Steps: t.Steps(), Epoch: epoch + 1, Loss: gradient.Loss}
	if !finite(record.Loss) {
		return record, nonFinite(record.Step, "the loss")
	}
	if record.Loss < t.setting.Ascent {
		gradient.negate(t.device.Threads)
	}
	computed, aligned := time.Now(), time.Now()
	if rule := t.setting.Align; rule != nil {
		auxiliary, err := t.step.gradients(feed.next, t.auxiliary)
		if err != nil {
			return StepRecord{}, err
		}
		if !finite(auxiliary.Loss) {
			return record, nonFinite(record.Step, "the auxiliary loss")
		}
		computed = time.Now()
		place := gradalign.Step{Epoch: epoch, Epochs: t.setting.Epochs, Threads: t.device.Threads}
		stats, err := align(rule, place, t.step.parameters, gradient, auxiliary)
		if err != nil {
			return record, alignmentError(record.Step, t.step.parameters, err)
		}
		record.Aligned, record.AuxLoss, record.Mu, record.FullyAligned = true, auxiliary.Loss, stats.Mu, stats.FullyAligned
		aligned = time.Now()
	}
	waited = feed.waited - waited
	record.GradientNorm = globalNorm(gradient.Values, t.device.Threads)
	if err := checkNorm(record.Step, record.GradientNorm, t.step.parameters, gradient.Values); err != nil {
		return record, err
	}
	record.LearningRate = t.setting.LearningRate * (1 - float64(t.state.Step)/float64(t.Steps())) // linear decay, no warm-up
	factor := clipFactor(record.GradientNorm, t.setting.ClipNorm)
	t.setting.Optimizer.Step(t.step.parameters, gradient, t.state.Step+1, record.LearningRate, factor, t.device.Threads)
	t.state.add(record)
	t.Clock.Steps++
	t.Clock.Wait += waited
	t.Clock.Graph += computed.Sub(begin) - waited
	t.Clock.Alignment += aligned.Sub(computed)
	t.Clock.Optimizer += time.Since(aligned)
	return record, nil
}

// endEpoch scores the epoch on dev, keeps it if it is the best so far, calls the hooks and saves a checkpoint.
func (t *Trainer) endEpoch(ctx context.Context, run *Run, last StepRecord, hooks []Hook) error {
	begin := time.Now()
	accuracy, err := t.devAccuracy(ctx, run)
	if ctx.Err() != nil {
		// The step is done but its epoch is not closed: take it up again from the checkpoint before.
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	t.Clock.Evaluation += time.Since(begin)
	epoch := t.state.closeEpoch(t.stepsPerEpoch(), last.Mu, accuracy)
	if epoch.Best {
		if err := t.LastTuned().Save(filepath.Join(t.folder, BestFile), t.metadata()); err != nil {
			return err
		}
	}
	if err := run.call(hooks, func(h Hook) error { return h.Epoch(ctx, run, t.state.History) }); err != nil {
		return err
	}
	return t.save()
}

func (t *Trainer) devAccuracy(ctx context.Context, run *Run) (float64, error) {
	logits, err := run.Logits(ctx, t.data.Dev)
	if err != nil {
		return 0, err
	}
	var right, all float64
	for i, e := range t.data.Dev {
		weight := float64(e.weight())
		all += weight
		if Argmax(logits[i]) == e.Label {
			right += weight
		}
	}
	return 100 * right / all, nil
}

// LastTuned views the tensors after the last step, trained and drawn, by name, without copying.
func (t *Trainer) LastTuned() Tuned {
	tuned := maps.Clone(t.drawn)
	for _, p := range t.step.parameters {
		tuned[p.Name] = Weight{p.Shape, p.Data}
	}
	return tuned
}

// Evaluator predicts with whatever tuned tensors it is given; it shares the trainer's model.
func (t *Trainer) Evaluator() *Evaluator { return t.evaluator }

// History lists the finished epochs.
func (t *Trainer) History() []EpochRecord { return t.state.History }

// Finish removes the checkpoint of a run that is complete and recorded elsewhere.
func (t *Trainer) Finish() error { return os.Remove(t.checkpointPath()) }

// Close frees both sessions and the gradients.
func (t *Trainer) Close() error {
	t.gradient.destroy()
	t.auxiliary.destroy()
	t.step.close()
	return t.evaluator.Close()
}
