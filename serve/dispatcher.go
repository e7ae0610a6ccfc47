package serve

import (
	"context"
	"errors"
	"sync"
)

// batchTexts is how many texts run at once: as many as one packed batch of the evaluation graph holds.
const batchTexts = 64

// ErrFull means that the queue has no room for a request's texts now.
var ErrFull = errors.New("too many texts are waiting")

// ErrClosed means that the dispatcher takes no more texts.
var ErrClosed = errors.New("the server is stopping")

// Predict gives the probability of each class, [len(texts)][classes], in the order of texts.
type Predict func(ctx context.Context, texts []string) ([][]float64, error)

// Dispatcher queues texts and predicts those that are waiting in batches. It is safe for concurrent use.
type Dispatcher struct {
	predict  Predict
	capacity int
	batched  func(texts int) // is told the size of each batch

	mutex  sync.Mutex
	queue  []item
	closed bool
	wake   chan struct{} // holds a token if there may be something to do
	ended  chan struct{} // closed when the last text was answered
	stop   context.CancelFunc
}

// job is the texts of one caller.
type job struct {
	ctx     context.Context
	texts   []string
	answers [][]float64
	err     error // of the first text that failed
	left    int   // texts without an answer
	done    chan struct{}
}

// item is one text of a job.
type item struct {
	job   *job
	index int
}

func (i item) text() string { return i.job.texts[i.index] }

// NewDispatcher starts a dispatcher whose queue holds at most capacity texts. Close ends it.
func NewDispatcher(predict Predict, capacity int) *Dispatcher {
	ctx, stop := context.WithCancel(context.Background())
	d := &Dispatcher{
		predict: predict, capacity: capacity, batched: func(int) {},
		wake: make(chan struct{}, 1), ended: make(chan struct{}), stop: stop,
	}
	go d.work(ctx)
	return d
}

// Do gives the probabilities of texts, [len(texts)][classes], once they were predicted. It returns ErrFull at once if the queue has no
// room for all of them, ErrClosed after Close, and the error of ctx when that is done: texts of a caller who went away are not predicted.
func (d *Dispatcher) Do(ctx context.Context, texts []string) ([][]float64, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	j := &job{ctx: ctx, texts: texts, answers: make([][]float64, len(texts)), left: len(texts), done: make(chan struct{})}
	if err := d.enqueue(j); err != nil {
		return nil, err
	}
	select {
	case <-j.done:
		return j.answers, j.err
	case <-ctx.Done():
		d.forget(j)
		return nil, ctx.Err()
	}
}

func (d *Dispatcher) enqueue(j *job) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	switch {
	case d.closed:
		return ErrClosed
	case len(d.queue)+len(j.texts) > d.capacity:
		return ErrFull
	}
	for index := range j.texts {
		d.queue = append(d.queue, item{j, index})
	}
	d.signal()
	return nil
}

// forget makes room at once for others.
func (d *Dispatcher) forget(j *job) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	kept := d.queue[:0]
	for _, i := range d.queue {
		if i.job != j {
			kept = append(kept, i)
		}
	}
	clear(d.queue[len(kept):]) // its texts are garbage now
	d.queue = kept
}

// Waiting is the number of texts in the queue.
func (d *Dispatcher) Waiting() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return len(d.queue)
}

// Close takes no more texts, answers those that were accepted and returns. When ctx is done it gives up on the rest, whose callers get
// an error, and returns the error of ctx.
func (d *Dispatcher) Close(ctx context.Context) error {
	d.mutex.Lock()
	d.closed = true
	d.signal()
	d.mutex.Unlock()
	defer d.stop()
	select {
	case <-d.ended:
		return nil
	case <-ctx.Done():
		d.stop()
		<-d.ended // the model may not be freed while it computes
		return ctx.Err()
	}
}

func (d *Dispatcher) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// work predicts what is waiting until the dispatcher is closed and its queue empty.
func (d *Dispatcher) work(ctx context.Context) {
	defer close(d.ended)
	for {
		batch, closed := d.take()
		switch {
		case len(batch) > 0:
			d.answer(ctx, batch)
		case closed:
			return
		default:
			<-d.wake
		}
	}
}

// take removes the next batch from the queue.
func (d *Dispatcher) take() (batch []item, closed bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	n := min(len(d.queue), batchTexts)
	batch = append(batch, d.queue[:n]...)
	clear(d.queue[:n])
	if d.queue = d.queue[n:]; len(d.queue) == 0 {
		d.queue = nil // its memory was as large as the longest queue
	}
	return batch, d.closed
}

// answer predicts a batch. If that fails, each text runs alone, so that a caller gets no error of another's text.
func (d *Dispatcher) answer(ctx context.Context, batch []item) {
	texts := make([]string, len(batch))
	for i, item := range batch {
		texts[i] = item.text()
	}
	d.batched(len(texts))
	answers, err := d.predict(ctx, texts)
	for i, item := range batch {
		switch {
		case err == nil:
			item.finish(answers[i], nil)
		case len(batch) == 1 || ctx.Err() != nil:
			item.finish(nil, err)
		case item.job.ctx.Err() == nil:
			d.answer(ctx, batch[i:i+1])
		}
	}
}

// finish notes an answer. Only the goroutine that predicts calls it; the caller reads after done is closed.
func (i item) finish(answer []float64, err error) {
	i.job.answers[i.index] = answer
	if i.job.err == nil {
		i.job.err = err
	}
	if i.job.left--; i.job.left == 0 {
		close(i.job.done)
	}
}
