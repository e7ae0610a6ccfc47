package ortrain

import "context"

// work is what one step needs.
type work struct {
	batch, auxiliary prepared
}

// feed packs batches and draws masks for the next step while the graph works on this one.
type feed struct {
	ready   chan result
	buffers chan []byte // mask memory that steps have given back
}

type result struct {
	work work
	err  error
}

// feed starts at a step and delivers until the run's last step or until ctx is done.
func (t *Trainer) feed(ctx context.Context, from int) *feed {
	f := &feed{ready: make(chan result, 1), buffers: make(chan []byte, 8)}
	go func() {
		defer close(f.ready)
		for step := from; step < t.Steps(); step++ {
			w, err := t.prepareStep(f, step)
			select {
			case f.ready <- result{w, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return f
}

// Batch is what step trains on. Each epoch deals the training texts anew.
func (t *Trainer) Batch(step int) []Example {
	epoch, place := step/t.stepsPerEpoch(), step%t.stepsPerEpoch()
	texts := order(len(t.data.Train), t.setting.Seed, uint64(epoch))
	return pick(t.data.Train, texts[place*t.setting.BatchSize:min(len(texts), (place+1)*t.setting.BatchSize)])
}

func (t *Trainer) prepareStep(f *feed, step int) (w work, err error) {
	size, seed := t.setting.BatchSize, t.setting.Seed
	w.batch, err = t.step.prepare(t.Batch(step), t.setting.Classes, seed, "dropout", uint64(step), f.buffer())
	if err != nil || t.setting.Align == nil {
		return w, err
	}
	trusted := auxiliaryBatch(len(t.data.Auxiliary), size, seed, uint64(step))
	w.auxiliary, err = t.step.prepare(pick(t.data.Auxiliary, trusted), t.setting.Classes, seed, "auxiliary dropout", uint64(step), f.buffer())
	return w, err
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

// next waits for the work of the next step.
func (f *feed) next() (work, error) {
	r, ok := <-f.ready
	if !ok {
		return work{}, context.Canceled
	}
	return r.work, r.err
}

// recycle gives the mask memory of a finished step back.
func (f *feed) recycle(w work) {
	for _, b := range [][]byte{w.batch.masks, w.auxiliary.masks} {
		if b == nil {
			continue
		}
		select {
		case f.buffers <- b:
		default:
		}
	}
}
