package ortrain

import (
	"os"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/machine"
)

// Precisions that a device can be asked for.
const (
	PrecisionFloat32 = "float32"
	PrecisionInt8    = "int8"
)

// Int8Variable is an environment variable that says whether PrecisionInt8 is int8, whatever the CPU: always or never.
const Int8Variable = "MSLORA_INT8"

// WithPrecision gives the device for a precision. PrecisionInt8 is for CPUs that are fast at it; another one computes in float32, and notice
// says so.
func (d Device) WithPrecision(name string) (_ Device, notice string, err error) {
	wanted := os.Getenv(Int8Variable)
	switch {
	case name == PrecisionFloat32:
	case name != PrecisionInt8:
		return d, "", hint.New("give float32 or int8", "unknown precision %q", name)
	case d.Provider != "cpu":
		return d, "", hint.New("leave it out on a GPU, or use --device cpu", "precision int8 is for the CPU, the device is %s", d)
	case wanted != "" && wanted != "always" && wanted != "never":
		return d, "", hint.New("set it to always or never, or unset it", "%s is %q", Int8Variable, wanted)
	case wanted == "never":
		notice = "precision int8: " + Int8Variable + " is never, computing in float32"
	case wanted == "" && !machine.FastInt8():
		notice = "precision int8: this processor has no VNNI and no dot products of 8-bit numbers, computing in float32; " + Int8Variable + "=always computes in 8 bits"
	default:
		d.Int8 = true
	}
	return d, notice, nil
}

// Precision names the numbers that matrix products are computed with: float32; int8 if those by frozen weights are computed in 8 bits; tf32 if
// factors may be rounded to TF32; float16 if the forward pass's products with weights of 16 bits are computed in 16 bits, or both.
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
