//go:build cgo

#include <opencv2/core/utility.hpp>

#include "threads.h"

int fd_single_thread(void) {
	try {
		cv::setNumThreads(1);
		return cv::getNumThreads() == 1 ? 0 : 1;
	} catch (...) {
		return 1;
	}
}
