package ortrain

import (
	"context"
	"time"
)

// feed packs batches and draws masks for what comes next while the graph works. It delivers, for each step,
// the parts of the batch and then those of the auxiliary batch, if there is one.
type feed struct {
	ready   chan delivery
	buffers chan []byte // mask memory that has been given back
	lent    []byte      // mask memory of the part delivered last
	waited  time.Duration
}

type delivery struct {
	part part
	err  error
}

// feed starts at a step and delivers until the run's last step or until ctx is done.
func (t *Trainer) feed(ctx context.Context, from int) *feed {
	f := &feed{ready: make(chan delivery, 1), buffers: make(chan []byte, 4)}
	go func() {
		defer close(f.ready)
		for step := from; step < t.Steps(); step++ {
			if !t.deliver(ctx, f, t.Batch(step), "dropout", step) {
				return
			}
			if t.setting.Align != nil && !t.deliver(ctx, f, t.auxiliaryBatch(step), "auxiliary dropout", step) {
				return
			}
		}
	}()
	return f
}

// deliver prepares one batch. It tells whether there is any use in going on.
func (t *Trainer) deliver(ctx context.Context, f *feed, examples []Example, purpose string, step int) bool {
	masks := &splitMix{stream(t.setting.Seed, purpose, uint64(step)).Uint64()}
	for p, err := range t.step.parts(examples, t.setting.Classes, masks, f.buffer) {
		select {
		case f.ready <- delivery{p, err}:
		case <-ctx.Done():
			return false
		}
		if err != nil {
			return false
		}
	}
	return true
}

// Batch is what step trains on. Each epoch deals the training texts anew.
func (t *Trainer) Batch(step int) []Example {
	epoch, place := step/t.stepsPerEpoch(), step%t.stepsPerEpoch()
	texts := order(len(t.data.Train), t.setting.Seed, uint64(epoch))
	return pick(t.data.Train, texts[place*t.setting.BatchSize:min(len(texts), (place+1)*t.setting.BatchSize)])
}

// auxiliaryBatch is what the gradient of step is aligned to.
func (t *Trainer) auxiliaryBatch(step int) []Example {
	return pick(t.data.Auxiliary, auxiliaryBatch(len(t.data.Auxiliary), t.setting.BatchSize, t.setting.Seed, uint64(step)))
}

func pick(examples []Example, indices []int) []Example {
	picked := make([]Example, len(indices))
	for i, index := range indices {
		picked[i] = examples[index]
	}
	return picked
}

func (f *feed) buffer() []byte {
	select {
	case b := <-f.buffers:
		return b
	default:
		return nil
	}
}

// next waits for the next part. The mask memory of the part before is used again: its run must be over.
func (f *feed) next() (part, error) {
	if f.lent != nil {
		select {
		case f.buffers <- f.lent:
		default:
		}
	}
	begin := time.Now()
	d, ok := <-f.ready
	f.waited += time.Since(begin)
	if !ok {
		return part{}, context.Canceled
	}
	f.lent = d.part.masks
	return d.part, d.err
}
