package dev.synthserve.internal;

import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;

/** The valid years of dates and timestamps, 1 to 9999. Pure. */
public final class Years {
  private static final LocalDate FIRST = LocalDate.of(1, 1, 1);
  private static final LocalDate LAST = LocalDate.of(9999, 12, 31);

  private static final long FIRST_DAY = FIRST.toEpochDay();
  private static final long LAST_DAY = LAST.toEpochDay();
  private static final long FIRST_SECOND = FIRST.toEpochSecond(LocalTime.MIN, ZoneOffset.UTC);
  private static final long LAST_SECOND = LAST.toEpochSecond(LocalTime.MAX, ZoneOffset.UTC);

  private Years() {}

  /**
   * Returns whether a day is in this range.
   *
   * @param day in days since 1970-01-01
   * @return true if it is
   */
  public static boolean haveDay(long day) {
    return FIRST_DAY <= day && day <= LAST_DAY;
  }

  /**
   * Returns whether a second is in this range.
   *
   * @param second in seconds since 1970-01-01T00:00:00
   * @return true if it is
   */
  public static boolean haveSecond(long second) {
    return FIRST_SECOND <= second && second <= LAST_SECOND;
  }
}
