package ortrain

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

// part is a share of a batch with its dropout masks, ready for the graph. A batch of short texts is one part.
type part struct {
	batch     *Batch
	masks     []byte  // all keep masks, one after the other in the manifest's order
	lossScale float32 // 1 / weight of all texts of the whole batch: the parts' losses and gradients add up to the batch's
	last      bool    // of its batch
}

// stepper runs the training graph: loss and gradients of one batch.
type stepper struct {
	manifest   graphs.Manifest
	linked     graphs.Linked
	session    *session
	parameters []*Parameter
	fixed      tensors // parameters, frozen inputs, scalars
	keep       float64 // probability of keeping a unit under dropout
	sizes      map[string]int64
	partTokens int // largest part, in tokens
}

// parts packs a batch in parts that memory holds and draws their masks from one stream. buffer gives memory
// for the masks of a part, which is reused if it is large enough.
func (s *stepper) parts(examples []Example, classes int, masks *splitMix, buffer func() []byte) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		shares, lossScale := split(examples, s.partTokens), 1/totalWeight(examples)
		for i, share := range shares {
			batch := Pack(share, classes)
			drawn, err := s.drawMasks(batch, masks, buffer())
			p := part{batch, drawn, lossScale, i == len(shares)-1}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// drawMasks draws all keep masks of a part, in buffer if they fit.
func (s *stepper) drawMasks(b *Batch, source *splitMix, buffer []byte) ([]byte, error) {
	dims := s.dimensions(b)
	var total int64
	for _, mask := range s.manifest.KeepMasks {
		shape, err := graphs.Resolve(mask.Shape, dims)
		if err != nil {
			return nil, err
		}
		total += ort.Shape(shape).FlattenedSize()
	}
	if int64(cap(buffer)) < total {
		buffer = make([]byte, total+total/4) // room for the longer batches to come
	}
	masks := buffer[:total]
	fillKeepMask(masks, s.keep, source)
	return masks, nil
}

// dimensions gives the value of each symbolic size of the manifest for a part.
func (s *stepper) dimensions(b *Batch) map[string]int64 {
	dims := b.dimensions()
	maps.Copy(dims, s.sizes)
	return dims
}

// inputs gives the graph every input: the texts, their masks, and what is fixed. The caller destroys what is
// not fixed with destroyBatch.
func (s *stepper) inputs(p part) (tensors, error) {
	all := make(tensors, len(s.fixed)+64)
	b := p.batch
	err := errors.Join(
		all.addBatch(b),
		add(all, "targets", b.Targets, int64(b.Texts), int64(b.Classes)),
		add(all, graphs.Expert, b.Expert, int64(b.Texts), int64(b.Classes)), // read by graphs that have it
		add(all, "loss_scale", []float32{p.lossScale}, 1),
	)
	dims, masks := s.dimensions(b), p.masks
	for _, mask := range s.manifest.KeepMasks {
		shape, resolveErr := graphs.Resolve(mask.Shape, dims)
		if err = errors.Join(err, resolveErr); err != nil {
			break
		}
		size := ort.Shape(shape).FlattenedSize()
		err = add(all, mask.Name, masks[:size:size], shape...)
		masks = masks[size:]
	}
	if err != nil {
		all.destroy()
		return nil, err
	}
	for name, value := range s.fixed {
		all[name] = value
	}
	return all, nil
}

// destroyBatch frees the inputs that belong to one batch.
func (s *stepper) destroyBatch(all tensors) {
	for name, value := range all {
		if _, fixed := s.fixed[name]; !fixed {
			release(value)
		}
	}
}

// gradients runs forward and backward over the parts of one batch, as next gives them. The gradients are
// written to into, whose arrays are reused from step to step.
func (s *stepper) gradients(next func() (part, error), into *gradientBuffer) (*Gradients, error) {
	into.begin()
	for last := false; !last; {
		p, err := next()
		if err != nil {
			return nil, err
		}
		if err := s.run(p, into); err != nil {
			return nil, err
		}
		last = p.last
	}
	return into.collect(), nil
}

// run adds the loss and the gradients of one part to into.
func (s *stepper) run(p part, into *gradientBuffer) error {
	all, err := s.inputs(p)
	if err != nil {
		return err
	}
	defer s.destroyBatch(all)
	outputs, embedding, err := into.outputs(p.batch)
	if err != nil {
		return err
	}
	if embedding != nil {
		defer release(embedding)
	}
	if err := s.session.run(all, outputs); err != nil {
		return fmt.Errorf("training graph: %w", err)
	}
	runtime.KeepAlive(p)
	into.add()
	return nil
}
