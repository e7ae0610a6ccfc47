package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"unsafe"

	"mslora/internal/atomicfile"
)

// Array is a tensor to be written: little-endian, row-major data of a shape.
type Array struct {
	Name, DType string
	Shape       []int64
	Data        []byte

	compute func() ([]byte, error) // gives Data when it is written, if not nil
}

// Float32Array describes float32 values without copying them: data must not change until Write returns.
func Float32Array(name string, shape []int64, data []float32) Array {
	return Array{Name: name, DType: "F32", Shape: shape, Data: Float32Bytes(data)}
}

// ComputedFloat32 describes float32 values that Write asks for when it comes to them, and forgets once they are written. So a
// file can be larger than what is in memory of it.
func ComputedFloat32(name string, shape []int64, compute func() ([]float32, error)) Array {
	return Array{Name: name, DType: "F32", Shape: shape, compute: func() ([]byte, error) {
		values, err := compute()
		return Float32Bytes(values), err
	}}
}

// Float32Bytes gives values as they stand in a file, without a copy: the machine's byte order is that of the format.
func Float32Bytes(data []float32) []byte {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), len(data)*4)
}

// Write replaces a file atomically. The bytes depend on nothing but the arguments: tensors stand in order
// of falling element size, so that each is aligned, then of name.
func Write(path string, arrays []Array, metadata map[string]string) error {
	arrays = slices.Clone(arrays)
	slices.SortFunc(arrays, func(a, b Array) int {
		return cmp.Or(cmp.Compare(elementSize[b.DType], elementSize[a.DType]), cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(arrays, metadata)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if _, err := file.Write(header); err != nil {
		return err
	}
	for _, a := range arrays {
		data, err := a.data()
		if err != nil {
			return fmt.Errorf("write %s: tensor %q: %w", path, a.Name, err)
		}
		if _, err := file.Write(data); err != nil {
			return err
		}
	}
	return file.Commit()
}

// data gives as many bytes as the shape takes.
func (a Array) data() (data []byte, err error) {
	if data = a.Data; a.compute != nil {
		if data, err = a.compute(); err != nil {
			return nil, err
		}
	}
	size, err := bytesOf(elementSize[a.DType], a.Shape)
	if err == nil && size != int64(len(data)) {
		err = fmt.Errorf("%s %v takes %d bytes, its data has %d", a.DType, a.Shape, size, len(data))
	}
	return data, err
}

// encodeHeader gives the length and the JSON header, padded with spaces to a multiple of 8 bytes.
func encodeHeader(arrays []Array, metadata map[string]string) ([]byte, error) {
	var header bytes.Buffer
	encoder := json.NewEncoder(&header)
	encoder.SetEscapeHTML(false)
	field := func(name string, value any) error {
		if header.Len() > 8 {
			header.WriteByte(',')
		} else {
			header.WriteByte('{')
		}
		if err := encoder.Encode(name); err != nil {
			return err
		}
		header.Truncate(header.Len() - 1) // the encoder ends each value with a newline
		header.WriteByte(':')
		err := encoder.Encode(value)
		header.Truncate(header.Len() - 1)
		return err
	}
	header.Write(make([]byte, 8)) // the length, filled in below
	if len(metadata) > 0 {
		if err := field(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	var offset int64
	for _, a := range arrays {
		if seen[a.Name] {
			return nil, fmt.Errorf("tensor name %q is used twice or reserved", a.Name)
		}
		seen[a.Name] = true
		size, err := bytesOf(elementSize[a.DType], a.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", a.Name, err)
		}
		e := entry{a.DType, append([]int64{}, a.Shape...), []int64{offset, offset + size}}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", a.Name, err)
		}
		if err := field(a.Name, e); err != nil {
			return nil, err
		}
		offset = e.Offsets[1]
	}
	if header.Len() == 8 {
		header.WriteByte('{')
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	encoded := header.Bytes()
	binary.LittleEndian.PutUint64(encoded, uint64(len(encoded)-8))
	return encoded, nil
}
