package ortrain

import (
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/safetensors"
)

// savedLimit bounds what the forward pass of a part may keep for the backward pass, in bytes. Parts of a large model are
// smaller than partTokens for it. It is the same on every machine, because parts decide which dropout masks a text gets.
const savedLimit = 4 << 30

// leastPart is never made smaller: a text has up to 512 tokens.
const leastPart = 512

// aloneAbove is the size of frozen weights, in bytes, from which a GPU holds either the training or the evaluation
// session, not both.
const aloneAbove = 2 << 30

// Memory says how many bytes training holds at once, calculated from sizes. What ONNX Runtime allocates for
// intermediate values on top depends on its version.
type Memory struct {
	Weights int64 // frozen weights as they are stored, once for all sessions
	Packed  int64 // their copy in the layout of the CPU's matrix products; in 8 bits it takes the place of the weights
	Widened int64 // the largest weight of 16 bits as float32; of tables only the rows of a batch are widened
	Tuned   int64 // trained tensors, their gradients and AdamW's moments
	Saved   int64 // what the forward pass of the largest part keeps for the backward pass
	Merged  int64 // float32 weights that training has changed, for evaluation
}

// Total is the sum of all parts.
func (m Memory) Total() int64 {
	return m.Weights + m.Packed + m.Widened + m.Tuned + m.Saved + m.Merged
}

// Memory calculates what the trainer holds at most.
func (t *Trainer) Memory() (Memory, error) {
	m := frozenMemory(t.model, t.step.linked, t.device)
	if t.device.Int8 { // evaluation has a form of its own; see NewEvaluator
		m.Packed += frozenMemory(t.model, t.evaluator.session.linked, t.device).Packed
	}
	changed := changedBy(t.topologies.Train.Manifest)
	for name := range changed {
		if stored, ok := graphs.WeightName(t.model.Weights, name); ok {
			tensor, _ := t.model.Weights.Tensor(stored)
			m.Merged += 4 * ort.Shape(tensor.Shape).FlattenedSize()
		}
	}
	for _, p := range t.step.parameters {
		m.Tuned += t.setting.tunedCopies() * 4 * int64(len(p.Data))
	}
	var err error
	m.Saved, err = t.step.savedAtMost(t.longest(), t.step.partTokens)
	return m, err
}

// frozenMemory is of the weights that a graph links to.
func frozenMemory(model *Model, linked graphs.Linked, device Device) Memory {
	m := Memory{Packed: linked.Rounded}
	for _, w := range linked.Stored {
		name, _ := graphs.WeightName(model.Weights, w.Name)
		tensor, _ := model.Weights.Tensor(name)
		m.Weights += tensor.End - tensor.Begin
		size := 4 * ort.Shape(tensor.Shape).FlattenedSize()
		switch {
		case tensor.DType != "F32" && w.Table == "":
			m.Widened = max(m.Widened, size)
		case tensor.DType == "F32" && device.Provider == "cpu" && len(tensor.Shape) == 2 && w.Table == "":
			m.Packed += size
		}
	}
	return m
}

// longest gives as many of the longest texts as a batch has: no batch is larger.
func (t *Trainer) longest() []Example {
	all := slices.Concat(t.data.Train, t.data.Auxiliary)
	slices.SortStableFunc(all, func(a, b Example) int { return len(b.Tokens) - len(a.Tokens) })
	return all[:min(len(all), t.setting.BatchSize)]
}

// savedAtMost is the most that a part of a batch keeps, if parts have a number of tokens at most.
func (s *stepper) savedAtMost(batch []Example, tokens int) (int64, error) {
	var most int64
	for _, share := range split(batch, tokens) {
		saved, err := s.manifest.Saved(s.dimensions(Pack(share, int(s.sizes["C"]))), s.linked.Attention)
		if err != nil {
			return 0, err
		}
		most = max(most, saved)
	}
	return most, nil
}

// choosePart halves parts until what they keep is within the limit.
func (s *stepper) choosePart(batch []Example) error {
	for s.partTokens > leastPart {
		saved, err := s.savedAtMost(batch, s.partTokens)
		if err != nil {
			return err
		}
		if saved <= savedLimit {
			break
		}
		s.partTokens /= 2
	}
	return nil
}

// alone tells whether a device holds only one session of a model at a time.
func (d Device) alone(weights *safetensors.File) bool {
	var bytes int64
	for _, name := range weights.Names() {
		tensor, _ := weights.Tensor(name)
		bytes += tensor.End - tensor.Begin
	}
	return d.Provider != "cpu" && bytes > aloneAbove
}
