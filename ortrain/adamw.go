package ortrain

/*
#cgo CFLAGS: -O3
#cgo LDFLAGS: -lm
#include "adamw_kernel.h"
*/
import "C"

import (
	"math"
	"unsafe"

	"mslora/internal/parallel"
)

// chunk is how many values one task of an element-wise pass takes: small enough to spread a tensor of any
// size over the threads, large enough that starting a task costs nothing beside it.
const chunk = 1 << 18

// AdamW is decoupled-weight-decay Adam (Loshchilov and Hutter 2019), with PyTorch's order of operations:
//
//	m = β1 m + (1-β1) g,  v = β2 v + (1-β2) g²
//	p = p (1 - lr·decay) - lr/(1-β1ᵗ) · m / (√v / √(1-β2ᵗ) + ε)
type AdamW struct {
	Beta1, Beta2, Epsilon, WeightDecay float64
}

// DefaultAdamW has the constants that the paper's code uses: betas 0.9 and 0.999, epsilon 1e-8, no decay.
var DefaultAdamW = AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}

// Step makes update number t, counted from 1. Each gradient is multiplied by scale (the clipping factor)
// on the way. Rows of an embedding table that no batch has touched yet are left alone: their moments are
// zero, so without weight decay their update is exactly zero. The result is the same with any number of threads.
func (a AdamW) Step(parameters []*Parameter, gradients *Gradients, t int, learningRate, scale float64, threads int) {
	constants := C.mslora_adamw{
		beta1: C.float(a.Beta1), beta2: C.float(a.Beta2), epsilon: C.float(a.Epsilon),
		step:           C.float(learningRate / (1 - math.Pow(a.Beta1, float64(t)))),
		root_scale:     C.float(1 / math.Sqrt(1-math.Pow(a.Beta2, float64(t)))),
		decay:          C.float(1 - learningRate*a.WeightDecay),
		gradient_scale: C.float(scale),
	}
	var tasks []update
	for i, p := range parameters {
		if p.Table != "" {
			tasks = append(tasks, p.tableUpdates(gradients.Rows[i], gradients.Values[i], a.WeightDecay != 0)...)
			continue
		}
		for lo := 0; lo < len(p.Data); lo += chunk {
			hi := min(lo+chunk, len(p.Data))
			tasks = append(tasks, update{p.Data[lo:hi], gradients.Values[i][lo:hi], p.M[lo:hi], p.V[lo:hi]})
		}
	}
	parallel.For(threads, len(tasks), func(i int) { tasks[i].apply(&constants) })
}

// update is one contiguous piece of work; a nil g is a gradient of zero.
type update struct{ p, g, m, v []float32 }

func (u update) apply(constants *C.mslora_adamw) {
	if len(u.p) == 0 {
		return
	}
	C.mslora_adamw_update(pointer(u.p), pointer(u.g), pointer(u.m), pointer(u.v), C.size_t(len(u.p)), constants)
}

func pointer(x []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(x))) }

// tableUpdates splits a table into the rows with a gradient and the runs of rows without one that have
// moments to decay.
func (p *Parameter) tableUpdates(rows []int32, values []float32, every bool) []update {
	width := int(p.Shape[1])
	var tasks []update
	slice := func(lo, hi int) update {
		return update{p.Data[lo*width : hi*width], nil, p.M[lo*width : hi*width], p.V[lo*width : hi*width]}
	}
	quiet := func(lo, hi int) {
		for lo < hi {
			if !every && !p.touched[lo] {
				lo++
				continue
			}
			end := lo + 1
			for end < hi && (every || p.touched[end]) {
				end++
			}
			tasks = append(tasks, slice(lo, end))
			lo = end
		}
	}
	previous := 0
	for i, row := range rows {
		quiet(previous, int(row))
		p.touched[row] = true
		u := slice(int(row), int(row)+1)
		u.g = values[i*width : (i+1)*width]
		tasks = append(tasks, u)
		previous = int(row) + 1
	}
	quiet(previous, int(p.Shape[0]))
	return tasks
}
