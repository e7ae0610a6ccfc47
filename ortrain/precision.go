package ortrain

// Precision names the numbers that matrix products are computed with: float32; tf32 if factors may be rounded to TF32;
// float16 if the forward pass's products with weights of 16 bits are computed in 16 bits, or both.
func (d Device) Precision() string {
	tf32 := d.Provider == "cuda" && d.TF32
	switch {
	case d.Half && tf32:
		return "float16+tf32"
	case d.Half:
		return "float16"
	case tf32:
		return "tf32"
	}
	return "float32"
}
