package ortrain

import "mslora/graphs"

// Precision names the numbers that matrix products are computed with: float32; int8 if those by frozen weights are computed in 8 bits; tf32 if factors may be rounded to TF32;
// float16 if the forward pass's products with weights of 16 bits are computed in 16 bits, or both.
func (d Device) Precision() string {
	tf32 := d.Provider == "cuda" && d.TF32
	switch {
	case d.Int8:
		return PrecisionInt8
	case d.Half && tf32:
		return "float16+tf32"
	case d.Half:
		return "float16"
	case tf32:
		return "tf32"
	}
	return PrecisionFloat32
}

// Precisions that a device can be asked for.
const (
	PrecisionFloat32 = "float32"
	PrecisionInt8    = "int8"
)

// products says the same to linking.
func (d Device) products() graphs.Products {
	switch {
	case d.Int8:
		return graphs.Int8
	case d.Half:
		return graphs.Half
	}
	return graphs.Float32
}
