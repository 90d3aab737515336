// Threads that wait for work. Not OpenMP: its threads spin while they wait, and on a
// busy machine that stalls all of them.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

class Pool {
 public:
  // How many threads work from now on, with the caller's own.
  void resize(int threads) {
    std::lock_guard<std::mutex> one_caller(callers_);
    stop();
    start(threads - 1);
  }

  // Calls task(context, i) for i = 0 ... count - 1, in any order, on all threads.
  void run(int64_t count, void (*task)(void*, int64_t), void* context) {
    std::lock_guard<std::mutex> one_caller(callers_);
    if (count <= 1 || workers_.empty()) {
      for (int64_t i = 0; i < count; ++i) task(context, i);
      return;
    }
    {
      std::lock_guard<std::mutex> hold(mutex_);
      task_ = task;
      context_ = context;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      open_ = true;
      round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    work();
    // From here on nobody may join: who has not woken up yet is not waited for.
    std::unique_lock<std::mutex> hold(mutex_);
    open_ = false;
    done_.wait(hold, [this] { return inside_ == 0; });
  }

  ~Pool() { stop(); }

 private:
  void start(int threads) {
    ending_ = false;
    for (int i = 0; i < threads; ++i) {
      workers_.emplace_back([this, seen = round_.load()] { serve(seen); });
    }
  }

  void stop() {
    {
      std::lock_guard<std::mutex> hold(mutex_);
      ending_ = true;
      round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  void serve(uint64_t seen) {
    for (;;) {
      // Backward follows forward soon: look a few microseconds before falling asleep.
      for (int look = 0; look < 200 && round_.load(std::memory_order_acquire) == seen;
           ++look) {
        std::this_thread::yield();
      }
      std::unique_lock<std::mutex> hold(mutex_);
      wake_.wait(hold, [this, seen] { return round_.load() != seen; });
      seen = round_.load();
      if (ending_) return;
      if (!open_) continue;
      ++inside_;
      hold.unlock();
      work();
      hold.lock();
      if (--inside_ == 0) done_.notify_one();
    }
  }

  void work() {
    for (int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      task_(context_, i);
    }
  }

  std::vector<std::thread> workers_;
  std::mutex callers_, mutex_;
  std::condition_variable wake_, done_;
  std::atomic<uint64_t> round_{0};
  std::atomic<int64_t> next_{0};
  int64_t count_ = 0;
  void (*task_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  int inside_ = 0;
  bool open_ = false, ending_ = false;
};

// The one pool of this process. Never destroyed: threads may still wait at exit. A
// process made by fork has no threads but its own, so it begins with a new pool.
inline Pool*& pool() {
  static Pool* one = [] {
    pthread_atfork(nullptr, nullptr, [] { pool() = new Pool; });
    return new Pool;
  }();
  return one;
}

// Calls body(i) for i = 0 ... count - 1 on all threads.
template <typename Body>
void parallel(int64_t count, Body&& body) {
  pool()->run(
      count,
      [](void* context, int64_t i) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(i);
      },
      &body);
}
