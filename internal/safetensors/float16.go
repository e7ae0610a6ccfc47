package safetensors

import (
	"encoding/binary"
	"math"
)

// IsFloat tells whether Float32 can read tensors of a dtype.
func IsFloat(dtype string) bool { return dtype == "F32" || dtype == "F16" || dtype == "BF16" }

// widen converts 16-bit floats to float32, exactly.
func widen(data []byte, convert func(uint16) float32) []float32 {
	values := make([]float32, len(data)/2)
	for i := range values {
		values[i] = convert(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return values
}

// bfloat16 is the upper half of a float32.
func bfloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// float16 converts an IEEE 754 half: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
func float16(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent := uint32(bits >> 10 & 31)
	fraction := uint32(bits & 1023)
	switch exponent {
	case 0: // zero and subnormals: fraction x 2^-24
		value := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(value))
	case 31: // infinity and not-a-number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
