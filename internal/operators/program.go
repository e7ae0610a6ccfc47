package operators

import "math"

// Domain is that of the operators, in ONNX.
const Domain = "mslora"

// Operation is what an instruction does; V and S say whether its operands are vectors, a value a column, or scalars, one for a row. The order is
// that of rows_kernel.h, which a test compares.
type Operation int64

const (
	AddVV Operation = iota
	AddVS
	AddSS
	SubVV
	SubVS
	SubSV
	SubSS
	MulVV
	MulVS
	MulSS
	DivVV
	DivVS
	DivSV
	DivSS
	MaxVV
	MaxVS
	MaxSS
	AbsV
	AbsS
	NegV
	NegS
	SqrtS
	InvertV
	InvertS
	ExpV
	ErfV
	GeluV
	SigmoidV
	SumV // of a row, to a scalar, and the next two
	MeanV
	MaximumV
	FromUint8V
	FromUint8S
	ToUint8V // a + b, rounded half to even and cut to 0 to 255
	SetS     // a number
	operations
)

// Kind says where an operand is.
type Kind int

const (
	Input  Kind = iota // of the node
	Output             // of the node
	Vector             // scratch memory for a row
	Scalar             // scratch memory for a number
)

// Operand is a value of a row: the index counts within its kind. Programs are written with as many vectors and scalars as they have values;
// Encode lets vectors share memory.
type Operand struct {
	Kind  Kind
	Index int
}

// Instruction computes to from a and b, which some operations do not have.
type Instruction struct {
	Operation Operation
	To, A, B  Operand
	Number    float32 // of SetS
}

// Program is what a node does with each row of its inputs, one after the other. Inputs are float32 or uint8 and have the sizes of the
// rows, a last size of 1, or a size of 1 or none where they repeat.
type Program struct {
	Inputs       int
	Like         []int // for each output the input whose sizes it has: i; or those of i with a last size of 1: -1-i
	Instructions []Instruction

	vectors, scalars int
}

// NewVector and NewScalar give an operand for one value.
func (p *Program) NewVector() Operand { p.vectors++; return Operand{Vector, p.vectors - 1} }
func (p *Program) NewScalar() Operand { p.scalars++; return Operand{Scalar, p.scalars - 1} }

// Do adds an instruction.
func (p *Program) Do(operation Operation, to Operand, operands ...Operand) Operand {
	i := Instruction{Operation: operation, To: to, A: to, B: to}
	if len(operands) > 0 {
		i.A = operands[0]
	}
	if len(operands) > 1 {
		i.B = operands[1]
	}
	p.Instructions = append(p.Instructions, i)
	return to
}

// Set adds an instruction that gives a number.
func (p *Program) Set(number float32) Operand {
	to := p.NewScalar()
	p.Do(SetS, to)
	p.Instructions[len(p.Instructions)-1].Number = number
	return to
}

// What a node may have at most, which rows_operator.c has arrays for.
const (
	mostTensors = 128 // inputs and outputs
	mostVectors = 64
	mostScalars = 256
)

// Fits tells whether a node can have the program. Columns are computed in strips, and scalars with the first one: what the columns of a strip
// have read must stay for the others.
func (p *Program) Fits() bool {
	_, vectors := p.share()
	read := make([]bool, p.scalars)
	for _, i := range p.Instructions {
		if i.To.Kind == Scalar && read[i.To.Index] {
			return false
		}
		for _, o := range []Operand{i.A, i.B} {
			if o.Kind == Scalar && i.To.Kind != Scalar {
				read[o.Index] = true
			}
		}
	}
	return p.Inputs+len(p.Like) <= mostTensors && vectors <= mostVectors && p.scalars <= mostScalars
}

// Encode gives the program as the nodes' attribute program: the numbers of inputs, outputs, vectors and scalars; what each output is like;
// four numbers for each instruction, of which operands are places in one table of inputs, outputs, vectors and scalars.
func (p *Program) Encode() []int64 {
	vectors, vectorCount := p.share()
	code := []int64{int64(p.Inputs), int64(len(p.Like)), int64(vectorCount), int64(p.scalars)}
	for _, like := range p.Like {
		code = append(code, int64(like))
	}
	place := func(o Operand) int64 {
		switch o.Kind {
		case Input:
			return int64(o.Index)
		case Output:
			return int64(p.Inputs + o.Index)
		case Vector:
			return int64(p.Inputs + len(p.Like) + vectors[o.Index])
		}
		return int64(p.Inputs + len(p.Like) + vectorCount + o.Index)
	}
	for _, i := range p.Instructions {
		a := place(i.A)
		if i.Operation == SetS {
			a = int64(math.Float32bits(i.Number))
		}
		code = append(code, int64(i.Operation), place(i.To), a, place(i.B))
	}
	return code
}

// share gives the vectors places in scratch memory, of which each is used again once nobody reads its values any more.
func (p *Program) share() (places []int, count int) {
	last := make([]int, p.vectors)
	for i, now := range p.Instructions {
		for _, o := range []Operand{now.To, now.A, now.B} {
			if o.Kind == Vector {
				last[o.Index] = i
			}
		}
	}
	places = make([]int, p.vectors)
	for i := range places {
		places[i] = -1
	}
	var free []int
	for i, now := range p.Instructions {
		ended := map[int]bool{}
		for _, o := range []Operand{now.A, now.B} {
			if o.Kind == Vector && o != now.To && last[o.Index] == i && !ended[o.Index] {
				ended[o.Index] = true
				free = append(free, places[o.Index]) // the result may take its place
			}
		}
		if now.To.Kind != Vector || places[now.To.Index] >= 0 {
			continue
		}
		if len(free) == 0 {
			free = append(free, count)
			count++
		}
		places[now.To.Index] = free[len(free)-1]
		free = free[:len(free)-1]
	}
	return places, count
}
