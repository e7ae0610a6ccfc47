package safetensors

import "cmp"

// Widen writes the F32, F16 and BF16 tensors of a file to path as F32, one after the other, so that no more
// than one of them is in memory. Other tensors are left out. The file is replaced atomically.
func (f *File) Widen(path string, metadata map[string]string) error {
	var arrays []Array
	for _, name := range f.names {
		if t := f.tensors[name]; IsFloat(t.DType) {
			arrays = append(arrays, Array{Name: name, DType: "F32", Shape: t.Shape})
		}
	}
	return write(path, arrays, metadata, func(a Array) ([]byte, error) {
		values, err := f.Float32(a.Name)
		return rawBytes(values, 4), err
	})
}

// IsFloat tells whether Float32 can read tensors of a dtype.
func IsFloat(dtype string) bool { return dtype == "F32" || dtype == "F16" || dtype == "BF16" }

// Linkable tells whether every tensor that Float32 can read lies in the file as float32 values at their
// natural alignment, so that others can read them in place.
func (f *File) Linkable() bool {
	for _, t := range f.tensors {
		if IsFloat(t.DType) && (t.DType != "F32" || t.Begin%4 != 0) {
			return false
		}
	}
	return true
}

// order is that of tensors in a file: of falling element size, so that each is aligned, then of name.
func order(a, b Array) int {
	return cmp.Or(cmp.Compare(elementSize[b.DType], elementSize[a.DType]), cmp.Compare(a.Name, b.Name))
}
