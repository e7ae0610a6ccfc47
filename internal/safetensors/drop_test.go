package safetensors

import (
	"path/filepath"
	"slices"
	"testing"
)

// Dropped tensors, and their neighbours, read as before.
func TestDrop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	big := make([]float32, 5000)
	for i := range big {
		big[i] = float32(i)
	}
	if err := Write(path, []Array{Float32Array("a", []int64{3}, []float32{1, 2, 3}), Float32Array("b", []int64{5000}, big)}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"a", "b", "nothing"} {
		f.Drop(name)
	}
	a, errA := f.Float32("a")
	b, errB := f.Float32("b")
	if errA != nil || errB != nil || !slices.Equal(a, []float32{1, 2, 3}) || !slices.Equal(b, big) {
		t.Errorf("a %v, errors %v, %v", a, errA, errB)
	}
}
