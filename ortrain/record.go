package ortrain

import "time"

// StepRecord describes one training step.
type StepRecord struct {
	Step, Steps  int // steps done, steps of the whole run
	Epoch        int // counted from 1
	Loss         float64
	LearningRate float64
	GradientNorm float64 // global L2 norm, after alignment and before clipping
	Aligned      bool    // whether the method aligns gradients; the rest is 0 if not
	AuxLoss      float64
	Mu           float64 // share of the unaligned gradient (Eq. 8)
	FullyAligned float64 // share of tensors that took the aligned gradient alone
}

// EpochRecord is one line of metrics.jsonl. Losses and shares are means over the epoch's steps.
type EpochRecord struct {
	Epoch        int     `json:"epoch"`
	Loss         float64 `json:"loss"`
	AuxLoss      float64 `json:"auxiliary_loss,omitempty"`
	Mu           float64 `json:"mu"`
	FullyAligned float64 `json:"fully_aligned"`
	GradientNorm float64 `json:"gradient_norm"`
	DevAccuracy  float64 `json:"dev_accuracy"` // percent, by the weights of the texts
	Best         bool    `json:"best"`
}

// Clock says where the time of a run went.
type Clock struct {
	Graph      time.Duration // inside ONNX Runtime, training steps; adding up parts
	Wait       time.Duration // waiting for batches and masks
	Alignment  time.Duration // gradient alignment
	Optimizer  time.Duration // clipping and AdamW
	Evaluation time.Duration // dev accuracy
	Steps      int
}

// Total is the time of all training steps.
func (c Clock) Total() time.Duration { return c.Graph + c.Wait + c.Alignment + c.Optimizer }
